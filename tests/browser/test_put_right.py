"""What went wrong is put right: tried now, cancelled, recovered, sent to another webhook.

Without JavaScript: tests/plain/test_put_right.py.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import expect_said, make_webhook
from tests.support.browser import assert_accessible
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """The program; what has failed is tried again after an hour, unless somebody hurries it."""
    settings = {"ALLOWED_NETWORKS": "127.0.0.1", "RETRY_SCHEDULE": "1h"}
    with Server(new_folder(), port, **settings) as server:
        yield server


def test_from_a_failure_to_everything_delivered(
    page: Page, server: Server, receiver: Receiver
) -> None:
    page.goto("/webhooks")
    own = make_webhook(page, receiver.url, name="Orders")
    other = make_webhook(page, receiver.url, name="Teams", events=["team_changed"])

    receiver.answer(Answer(500))
    first = failed(page, server, own)
    expect(page.get_by_text("Attempt 2 is made")).to_be_visible()
    assert_accessible(page)
    receiver.answer(Answer(200))
    press(page, "Try now")
    expect(page.locator("[data-announce]")).to_contain_text("Queued.")
    expect(page.locator("#delivery > .note.good")).to_be_visible()
    expect(page.locator("#attempt-2")).to_be_visible()
    assert page.locator("#delivery[hx-trigger]").count() == 0  # it asks no more

    receiver.answer(Answer(500))
    failed(page, server, own)
    press(page, "Cancel")
    expect_said(page, "Delivery cancelled.")
    receiver.answer(Answer(200))

    page.goto(f"/webhooks/{own}")
    press(page, "More")
    press(page, "Disable")
    server.command("event", "send", "message_created")
    press(page, "Enable")
    expect(page.locator("#problem")).to_contain_text("can be sent to it.")
    page.locator("#problem").get_by_role("link").press("Enter")
    expect(page.locator("#found")).to_have_text("1 delivery")
    expect(page.locator("#missed")).to_have_text("1 event")
    press(page, "Send anyway")  # the last attempt failed
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#progress").get_by_text("Finished")).to_be_visible()
    delivered = page.locator("#progress dt:text-is('Delivered') + dd")
    expect(delivered.filter(has_text="2")).to_be_visible()
    assert_accessible(page)

    page.goto("/events")
    page.locator("td.main a").first.press("Enter")
    expect(page.locator("#got")).to_contain_text("It was sent by a recovery.")
    expect(page.locator("#missed")).to_contain_text("It did not subscribe to this event.")
    assert_accessible(page)
    press(page, re.compile("^Deliver.+Teams$"))
    expect(page.locator("#delivery")).to_be_visible()
    expect(page.locator("#delivery > .note.good")).to_be_visible()
    page.goto(f"/deliveries?webhook={other}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(first)
    press(page, "Send again")
    expect(page.get_by_role("link", name=first.rpartition("/")[2])).to_be_visible()


def failed(page: Page, server: Server, webhook: str) -> str:
    """An event comes and its first attempt fails; its delivery's page, which is open then."""
    server.command("event", "send", "message_created")
    rows = page.locator("tbody tr").filter(has_text="The receiver had an error.")
    page.goto(f"/deliveries?webhook={webhook}&status=pending")
    reload_until(page, rows.first)
    rows.get_by_role("link").first.press("Enter")
    expect(page.locator("#delivery")).to_be_visible()
    return page.url.partition("?")[0]


def press(page: Page, name: str | re.Pattern[str]) -> None:
    """A button, by keyboard."""
    page.get_by_role("main").get_by_role("button", name=name).press("Enter")


def reload_until(page: Page, what: Locator) -> None:
    """Asks for the page again until this is there."""

    def is_there() -> bool:
        page.reload()
        return what.is_visible()

    wait_until(is_there, what="what is looked for")
