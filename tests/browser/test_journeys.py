"""By keyboard: who may sign in, and what a webhook and the check of signatures show in place.

The way from a webhook to its signatures, and all of it without JavaScript: tests/plain.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.test_second_factor import code_of
from tests.browser.steps import console, expect_said, make_webhook, post
from tests.browser.test_put_right import press
from tests.support.browser import Open
from tests.support.receiver import Receiver
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


def test_a_span_of_time(page: Page, receiver: Receiver) -> None:
    page.goto(f"/webhooks/{make_webhook(page, receiver.url)}")
    page.locator("#span-7d").press("Enter")
    expect(page.locator("#span-7d")).to_have_attribute("aria-current", "true")
    expect(page.locator("#span-7d")).to_be_focused()
    page.reload()
    expect(page.locator("#span-7d")).to_have_attribute("aria-current", "true")


def test_a_signature_is_checked(page: Page, receiver: Receiver) -> None:
    webhook = make_webhook(page, receiver.url)
    page.goto(post(page, f"/webhooks/{webhook}/test", {"event": "message_created"}))
    (sent,) = receiver.wait(1)
    headers = "\n".join(f"{name}: {value}" for name, value in sent.headers)
    request = f"{headers}\n\n{sent.body.decode()}"
    page.goto(f"/webhooks/{webhook}/verify")
    for text, tone in ((request, "good"), (request.replace("message_created", "other"), "bad")):
        page.get_by_label("Request", exact=True).fill(text)
        press(page, "Check signature")
        expect(page.locator(f"#check-result.{tone}")).to_be_visible()


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
    guest.goto("/settings/account/second-factor")
    guest.get_by_label("Current password").fill(PASSWORD)
    guest.get_by_label("Current password").press("Enter")
    expect_said(guest, "Second factor off: signing in requires no code.")

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
