"""What went wrong is put right: tried now, cancelled, recovered, sent to another webhook.

Without JavaScript: tests/plain/test_put_right.py.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import make_webhook, post
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
    """What is under way is shown by itself once it is done."""
    own = make_webhook(page, receiver.url, name="Orders")
    make_webhook(page, receiver.url, name="Teams", events=["team_changed"])
    receiver.answer(Answer(500))
    failed(page, server, own)
    receiver.answer(Answer(200))
    press(page, "Try now")
    expect(page.locator("[data-announce]")).to_contain_text("Queued.")
    expect(page.locator("#delivery > .note.good")).to_be_visible()
    expect(page.locator("#attempt-2")).to_be_visible()
    assert page.locator("#delivery[hx-trigger]").count() == 0  # it asks no more

    post(page, f"/webhooks/{own}/disable", {})
    server.command("event", "send", "message_created")
    post(page, f"/webhooks/{own}/enable", {})
    page.goto(f"/webhooks/{own}/recover")
    press(page, "Send 1 event")
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#progress").get_by_text("Finished")).to_be_visible()
    delivered = page.locator("#progress dt:text-is('Delivered') + dd")
    expect(delivered.filter(has_text="1")).to_be_visible()
    assert_accessible(page)

    page.goto("/events")
    page.locator("td.main a").first.press("Enter")
    expect(page.locator("#got")).to_contain_text("It was sent by a recovery.")
    press(page, re.compile("^Deliver.+Teams$"))
    expect(page.locator("#delivery > .note.good")).to_be_visible()


def failed(page: Page, server: Server, webhook: str) -> None:
    """An event comes and its first attempt fails; its delivery's page is open then."""
    server.command("event", "send", "message_created")
    rows = page.locator("tbody tr").filter(has_text="The receiver had an error.")
    page.goto(f"/deliveries?webhook={webhook}&status=pending")
    reload_until(page, rows.first)
    rows.get_by_role("link").first.press("Enter")
    expect(page.locator("#delivery")).to_be_visible()


def press(page: Page, name: str | re.Pattern[str]) -> None:
    """A button, by keyboard."""
    page.get_by_role("main").get_by_role("button", name=name).press("Enter")


def reload_until(page: Page, what: Locator) -> None:
    """Asks for the page again until this is there."""

    def is_there() -> bool:
        page.reload()
        return what.is_visible()

    wait_until(is_there, what="what is looked for")
