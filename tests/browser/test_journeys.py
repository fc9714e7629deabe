"""By keyboard: a webhook and its deliveries, and who may sign in.

Without JavaScript: tests/plain.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.test_second_factor import code_of
from tests.browser.steps import console, expect_said, make_webhook
from tests.browser.test_put_right import press, reload_until
from tests.support.browser import Open
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server

PASSWORD = "plum copper violin 42"


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """The program; what has failed waits until somebody hurries it."""
    server = console(new_folder(), port)
    server.environ["WEBHOOKS_UI_RETRY_SCHEDULE"] = "1h"
    with server:
        yield server


def follow(page: Page, name: str | re.Pattern[str]) -> None:
    """A link of the page itself, by keyboard."""
    link = page.get_by_role("main").get_by_role("link", name=name, exact=True)
    link.first.press("Enter")


def test_a_webhook_its_deliveries_and_their_signatures(
    page: Page, server: Server, receiver: Receiver
) -> None:
    page.goto("/webhooks")
    receiver.answer(Answer(500, (("Content-Type", "application/json"),), b'{"error": "busy"}'))
    own = make_webhook(page, receiver.url, name="Orders")
    make_webhook(page, receiver.url, name="Orders, too", events=["team_changed"])

    page.goto("/webhooks?q=orders&sort=name")
    follow(page, "Orders")
    follow(page, "Next webhook")
    expect(page.get_by_role("heading", name="Orders, too")).to_be_visible()
    expect(page.get_by_role("link", name="Next webhook")).to_have_count(0)
    follow(page, "Previous webhook")
    follow(page, "7 d")
    expect(page.locator("#span-7d")).to_have_attribute("aria-current", "true")

    press(page, "Pause")
    press(page, re.compile("^Until tomorrow"))
    expect(page.get_by_text("It is paused until")).to_be_visible()
    server.command("event", "send", "message_created")
    press(page, "Resume")
    expect(page.get_by_text("1 event came meanwhile.")).to_be_visible()
    press(page, "Send them now")
    expect(page.locator("#progress")).to_be_visible()
    page.goto(f"/webhooks/{own}")
    follow(page, "History")
    expect(page.get_by_role("table", name="Changes")).to_contain_text("Webhook paused")
    press(page, "More")
    follow(page, "Duplicate")
    expect(page.get_by_label("Name (optional)")).to_have_value("Copy of Orders")

    page.goto(f"/deliveries?webhook={own}&status=pending")
    reload_until(page, page.locator("tbody td .code", has_text="500"))
    page.locator("tbody td.main a").first.press("Enter")
    press(page, "Try now")
    expect(page.locator("#attempt-2")).to_be_visible()
    follow(page, "Changes")
    expect(page.locator("#exchange")).to_contain_text("Compared with attempt 1.")
    follow(page, "Both sides")
    follow(page, "Raw")
    expect(page.locator("pre", has_text='{"error": "busy"}')).to_be_visible()
    follow(page, "curl")
    expect(page.locator("#exchange pre")).to_contain_text("curl ")
    follow(page, "Raw HTTP")
    request = page.locator("#exchange pre").inner_text()
    follow(page, "Check a signature")
    page.get_by_label("Request", exact=True).fill(request)
    press(page, "Check signature")
    expect(page.locator("#check-result.good")).to_be_visible()
    page.get_by_label("Request", exact=True).fill(request.replace("message_created", "other"))
    press(page, "Check signature")
    expect(page.locator("#check-result.bad")).to_be_visible()


def test_who_may_sign_in_and_what_the_log_says_of_it(open_page: Open) -> None:
    page = open_page("/settings/tokens/new")
    page.get_by_label("Name").fill("Script")
    page.get_by_label("Name").press("Enter")
    expect(page.locator("#new-token")).to_be_visible()
    follow(page, re.compile("^Revoke ?: Script"))
    press(page, "Revoke")
    expect(page.get_by_text("Script").first).to_be_visible()
    expect(page.get_by_role("cell", name="Script", exact=True)).to_have_count(0)

    login = "taras"
    page.goto("/settings/users/new")
    page.get_by_role("radio", name="Viewer").check()
    press(page, "Create invitation")
    link = page.locator("#new-link").inner_text()
    guest = open_page(link, signed_in=False)
    guest.get_by_label("Login").fill(login)
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Password", exact=True).press("Enter")
    expect(guest.get_by_text("Welcome. You are signed in.").first).to_be_visible()
    expect(guest.get_by_role("link", name="Add a new webhook")).to_have_count(0)

    page.goto("/settings/users")
    follow(page, login)
    page.get_by_role("radio", name="Editor").check()
    press(page, "Save role")
    expect_said(page, "is changed.")
    guest.goto("/webhooks")
    expect(guest.get_by_role("link", name="Add a new webhook").first).to_be_visible()
    recovery_code = set_up_second_factor(guest)
    press(page, "Sign out everywhere")
    expect_said(page, "1 browser was signed out.")
    guest.reload()
    follow(guest, "Forgot your password?")
    guest.get_by_label("Login").fill(login)
    guest.get_by_label("Login").press("Enter")
    expect_said(guest, "a link is on its way.")
    guest.goto("/login?next=/deliveries")
    guest.get_by_label("Login").fill(login)
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Password", exact=True).press("Enter")
    guest.get_by_label("Code", exact=True).fill(recovery_code)
    guest.get_by_label("Code", exact=True).press("Enter")
    expect(guest.get_by_role("heading", name="Deliveries", exact=True)).to_be_visible()

    page.goto(f"/settings/audit?what=sign_in&who={login}")
    expect(page.get_by_role("table", name="Audit log")).to_contain_text("Signed in")
    page.goto("/settings/audit")
    page.get_by_role("searchbox").fill("script")
    page.get_by_role("searchbox").press("Enter")
    for words in ("API token created", "API token revoked"):
        expect(page.get_by_role("table", name="Audit log")).to_contain_text(words)
    page.goto("/settings/about")
    expect(page.get_by_role("heading", name="Health checks")).to_be_visible()


def set_up_second_factor(page: Page) -> str:
    """By keyboard, with what the app shows; one of the recovery codes."""
    page.goto("/settings/account")
    follow(page, "Set up")
    page.get_by_label("Code", exact=True).fill(code_of(page.locator("#secret").inner_text()))
    page.get_by_label("Code", exact=True).press("Enter")
    return page.locator("#made pre").inner_text().split()[0]
