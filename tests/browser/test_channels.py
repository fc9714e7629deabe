"""The list of channels when there are many; without JavaScript: tests/plain/test_lists.py."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel
from webhooks_ui.server import process

SHOPS = 53  # three more than a page holds


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """A server with many channels."""
    folder = new_folder()
    app = create_app({"DATA_DIR": folder})
    with app.app_context(), transaction():
        names = [f"Крамниця {number:02}" for number in range(1, SHOPS + 1)]
        db.session.add_all([Channel(key=f"shop-{name[-2:]}", name=name) for name in names])
    process.close(app)
    with Server(folder, port) as server:
        yield server


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Channels").locator("tbody").get_by_role("row")


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search by name or key")


def test_pages_and_search_by_keyboard(page: Page) -> None:
    page.goto("/channels")
    expect(rows(page)).to_have_count(50)
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/channels\?page=2$"))
    expect(page.get_by_text("51–53 of 53")).to_be_visible()

    search(page).focus()
    page.keyboard.type("КРАМНИЦЯ shop-07")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/channels\?q=[^&]+shop-07$"))
    expect(page.get_by_role("link", name="Крамниця 07", exact=True)).to_be_visible()

    search(page).fill("nobody")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="All channels").click()
    expect(rows(page)).to_have_count(50)


def test_as_one_types_the_list_follows_and_says_how_many(page: Page) -> None:
    page.goto("/channels")
    search(page).press_sequentially("shop-1", delay=20)
    expect(rows(page)).to_have_count(10)
    expect(page.get_by_role("status")).to_have_text("10 channels")
    expect(search(page)).to_be_focused()
