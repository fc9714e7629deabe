"""By keyboard: who may sign in, what is done to webhooks, and a failure's way to its delivery.

The way from a webhook to its signatures, and all of it without JavaScript: tests/plain.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.accounts.test_second_factor import code_of
from tests.browser.steps import console, expect_said, make_webhook, post
from tests.browser.test_put_right import press, reload_until
from tests.engine.conftest import send
from tests.support.browser import Open
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.server import process

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


def rows(page: Page, table: str) -> Locator:
    return page.get_by_role("table", name=table).locator("tbody").get_by_role("row")


def test_a_copy_pauses_its_history_and_several_at_once(page: Page, receiver: Receiver) -> None:
    page.goto(f"/webhooks/{make_webhook(page, receiver.url, name='Orders')}")
    press(page, "More")
    follow(page, "Duplicate")
    expect(page.locator("#name")).to_have_value("Copy of Orders")
    page.locator("#name").press("Enter")
    expect_said(page, "Webhook created.")
    press(page, "Pause")
    pause_until(page, "2044-02-03T08:30")
    expect_said(page, "Copy of Orders is paused until 3 Feb 2044, 08:30")
    press(page, "Resume")
    expect_said(page, "Copy of Orders is resumed.")
    follow(page, "History")
    for words in ("Webhook resumed", "Webhook paused", "Webhook created"):
        expect(rows(page, "Changes").filter(has_text=words)).to_have_count(1)

    follow(page, "Webhooks")
    several = page.get_by_role("group", name="Selected webhooks")
    select(page)
    several.get_by_role("button", name="More").press("Enter")
    several.get_by_label("Event").select_option("Team changed")
    press(page, "Add event")
    undo(page, "2 webhooks are changed.")
    select(page)
    several.get_by_role("button", name="Pause").press("Enter")
    pause_until(page, "2044-02-03T09:30")
    for row in rows(page, "Webhooks").filter(has_text="Orders").all():
        expect(row).to_contain_text("Paused until 3 Feb 2044, 09:30")
    undo(page, "2 webhooks are paused.")
    expect(page.get_by_text("Paused until")).to_have_count(0)


def pause_until(page: Page, moment: str) -> None:
    """In the menu that is open."""
    page.locator(".menu:popover-open").get_by_label("Until").fill(moment)
    press(page, "Pause until then")


def select(page: Page) -> None:
    """Both webhooks, in the list."""
    for name in ("Orders", "Copy of Orders"):
        page.get_by_role("checkbox", name=f"Select: {name}", exact=True).press("Space")


def undo(page: Page, done: str) -> None:
    """What was done to both, as the list says."""
    expect(page.locator("#done")).to_contain_text(done)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect_said(page, "2 webhooks are as they were.")


def test_from_words_in_a_payload_to_a_recovery_of_one_webhook(
    page: Page, server: Server, receiver: Receiver
) -> None:
    receiver.answer(Answer(500))
    for name in ("Stock", "Sales"):
        make_webhook(page, receiver.url, name=name, events=["team_changed"])
    app = create_app({"DATA_DIR": server.data_dir})
    send(app, type="team_changed", data=b'{"content":"jasmine tea","id":7}')
    process.close(app)
    page.goto("/deliveries")
    page.get_by_role("searchbox").fill("jasmine")
    page.get_by_role("searchbox").press("Enter")
    expect(page).to_have_url(re.compile(r"q=jasmine"))
    failed = rows(page, "Deliveries").filter(has_text="The receiver had an error.")
    reload_until(page, failed.nth(1))
    failed.first.get_by_role("link").first.press("Enter")
    look_at_the_request(page)

    for way in ("Older delivery", "Newer delivery"):
        press(page, "Cancel")
        expect_said(page, "Delivery cancelled.")
        follow(page, way)
        expect(page).to_have_url(re.compile(r"/deliveries/dlv_\w+\?q=jasmine"))
    follow(page, "Deliveries")
    expect(rows(page, "Deliveries").filter(has_text="Cancelled")).to_have_count(2)
    follow(page, "Clear filters")
    page.get_by_label("Status", exact=True).select_option("Cancelled")
    follow(page, "Recover missed events")
    still_failing = rows(page, "By webhook").filter(has_text="Still failing.")
    expect(still_failing).to_have_count(2)
    still_failing.first.get_by_role("checkbox").press("Space")
    receiver.answer(Answer(200))
    press(page, "Send to the selected webhooks")
    expect(page.locator("#progress").get_by_text("Finished")).to_be_visible()
    expect(page.locator("#progress dt:text-is('Delivered') + dd")).to_have_text("1")
    page.goto("/deliveries/recover?status=cancelled")
    expect(rows(page, "By webhook")).to_have_count(1)
    page.keyboard.press("j")  # passes over rows that lead nowhere
    expect(rows(page, "Latest recoveries").get_by_role("link")).to_be_focused()
    times_of_another_zone(page)


def look_at_the_request(page: Page) -> None:
    """In each of a delivery's views."""
    body = page.get_by_role("region", name="Request body")
    expect(body).to_contain_text('"content": "jasmine tea"')
    page.get_by_role("group", name="Request body").get_by_text("Raw").press("Enter")
    expect(body).to_contain_text('{"content":"jasmine tea","id":7}')
    for view, shown in (("curl", "curl -X POST"), ("Raw HTTP", "POST /hook HTTP/1.1")):
        follow(page, view)
        expect(page.locator("#exchange pre")).to_contain_text(shown)
        page.locator("#exchange [data-copy]").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("copied")
    press(page, "Copy as curl")
    expect(page.get_by_role("status")).to_have_text("curl command: copied.")


def times_of_another_zone(page: Page) -> None:
    """What was done just now, in the audit log and in its file."""
    page.get_by_role("link", name="olena").press("Enter")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    press(page, "Save time zone")
    expect_said(page, "Time zone saved.")
    page.get_by_role("link", name="Audit log").press("Enter")
    page.get_by_label("Login or token").fill("olena")
    page.get_by_label("Login or token").press("Enter")
    page.get_by_label("What", exact=True).select_option("Tests, resends and recoveries")
    page.get_by_role("searchbox").fill("jasmine")
    expect(rows(page, "Audit log")).to_have_count(0)
    page.get_by_role("searchbox").fill("")
    expect(rows(page, "Audit log").filter(has_text="Recovery started")).to_contain_text("UTC+9")
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("link", name="CSV").press("Enter")
    text = download.value.path().read_text("utf-8-sig")
    assert "recovery.created" in text
    assert "payload.read" not in text


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
