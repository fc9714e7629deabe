"""The list of webhooks: search, filters, pages, and what its buttons do in place.

Without JavaScript: tests/plain/test_lists.py.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from tests.browser.steps import add_channel, expect_said, make_webhook, sign_in
from tests.engine.conftest import subscribe
from tests.support.browser import Open, Visitor
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook
from webhooks_ui.models.counters import WebhookHour
from webhooks_ui.server import process

NOBODY = "http://127.0.0.1:9/hook"
SHOPS = 28  # three more than a page holds


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """A server with a channel and many webhooks called "Shop …"."""
    folder = new_folder()
    add_channel(folder, "telegram-sales", "Telegram sales")
    app = create_app({"DATA_DIR": folder})
    for number in range(1, SHOPS + 1):
        subscribe(app, NOBODY, name=f"Shop {number:02}", **shop(number))
    with app.app_context(), transaction():
        first = db.session.scalars(select(Webhook).where(Webhook.name == "Shop 01")).one()
        began = now().replace(minute=0, second=0, microsecond=0)
        counts = {"attempts": 1234, "failed_attempts": 34}
        db.session.add(WebhookHour(webhook_id=first.id, hour=began - timedelta(hours=2), **counts))
    process.close(app)
    with Server(folder, port, ALLOWED_NETWORKS="127.0.0.0/8") as server:
        yield server


def shop(number: int) -> dict[str, object]:
    """Two shops listen to the Telegram channel, and to another event than the rest."""
    if number not in (7, 8):
        return {}
    return {"channel": "telegram-sales", "events": ("team_changed", "message_updated")}


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Webhooks").locator("tbody tr:not(.group)")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has=page.get_by_role("link", name=name, exact=True))


def button(page: Page, does: str, name: str) -> Locator:
    """A button in the menu of a row, which names its webhook to those who do not see the row."""
    return page.get_by_role("group", name=name, exact=True).get_by_role("button", name=does)


def more(page: Page, name: str) -> Locator:
    """The button that opens the menu of a row."""
    return page.get_by_role("button", name=re.compile(f"^More ?: {name}$"))


def press(page: Page, does: str, name: str) -> None:
    """Opens the menu of a row and presses a button in it."""
    more(page, name).click()
    button(page, does, name).click()


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search by name or URL")


def filters(page: Page, label: str) -> Locator:
    """A filter above the list, not a field of the bar for several webhooks."""
    return page.get_by_role("search", name="Webhooks").get_by_label(label, exact=True)


def test_search_as_you_type_replaces_the_address(open_page: Open) -> None:
    page = open_page("/channels", is_new=True)  # no history that is full
    page.get_by_role("link", name="Webhooks", exact=True).click()
    expect(rows(page)).to_have_count(25)
    entries = page.evaluate("history.length")
    search(page).press_sequentially("shop 07", delay=20)
    expect(rows(page)).to_have_count(1)
    expect(row(page, "Shop 07")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/webhooks\?q=shop(\+|%20)07$"))
    expect(page.get_by_role("status")).to_have_text("1 webhook")
    expect(search(page)).to_be_focused()
    assert page.evaluate("history.length") == entries
    page.go_back()
    expect(page.get_by_role("heading", name="Channels", exact=True)).to_be_visible()


def test_filters_are_steps_that_back_takes_back(page: Page) -> None:
    page.goto("/webhooks?q=shop")
    expect(rows(page)).to_have_count(25)
    channel, event = filters(page, "Channel"), filters(page, "Event")
    channel.select_option("Telegram sales")
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/webhooks\?q=shop&channel=telegram-sales$"))
    event.select_option("Message created")
    expect(page.get_by_role("heading", name="No webhook matches")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("No webhook matches")
    page.go_back()
    expect(rows(page)).to_have_count(2)
    expect(event).to_have_value("")
    expect(channel).to_have_value("telegram-sales")
    page.go_back()
    expect(rows(page)).to_have_count(25)
    expect(channel).to_have_value("")
    expect(search(page)).to_have_value("shop")
    page.go_forward()
    expect(rows(page)).to_have_count(2)
    expect(channel).to_have_value("telegram-sales")


def test_pages(open_page: Open) -> None:
    page = open_page("/webhooks?q=shop")
    pages = page.get_by_role("navigation", name="Pages")
    expect(rows(page)).to_have_count(25)
    expect(pages).to_contain_text("1–25 of 28")
    expect(pages.get_by_role("link", name="Previous")).to_have_count(0)
    pages.get_by_role("link", name="Next").click()
    expect(pages).to_contain_text("26–28 of 28")
    expect(rows(page)).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/webhooks\?q=shop&page=2$"))
    expect(page.locator("#webhooks-count")).to_be_focused()
    page.go_back()
    expect(pages).to_contain_text("1–25 of 28")
    page.go_forward()
    expect(rows(page)).to_have_count(3)
    pages.get_by_role("link", name="Previous").click()
    expect(rows(page)).to_have_count(25)


def test_sorting_by_a_column(open_page: Open) -> None:
    page = open_page("/webhooks?q=shop&channel=telegram-sales")
    by_name = page.get_by_role("columnheader", name="Webhook", exact=True)
    by_result = page.get_by_role("columnheader", name="Last result")
    by_name.get_by_role("link").click()
    expect(by_name).to_have_attribute("aria-sort", "ascending")
    by_result.get_by_role("link").click()
    expect(by_result).to_have_attribute("aria-sort", "descending")
    expect(by_name).not_to_have_attribute("aria-sort", "ascending")
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile("sort=-last"))


def test_disable_and_enable(page: Page) -> None:
    """Without JavaScript: webhooks/test_switch_and_delete.py; the row's menu is pressed below."""
    name = "Switch off"
    make_webhook(page, NOBODY, name=name)
    page.goto("/webhooks?q=Switch+off")
    press(page, "Disable", name)
    expect(row(page, name)).to_contain_text("Disabled")
    expect(more(page, name)).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(f"{name}: disabled.")
    press(page, "Enable", name)
    expect(row(page, name)).to_contain_text("Not tested")
    expect(page).to_have_url(re.compile(r"/webhooks\?q=Switch(\+|%20)off$"))
    page.reload()
    more(page, name).click()
    expect(button(page, "Disable", name)).to_be_visible()


def test_delete_and_undo_in_place(page: Page) -> None:
    make_webhook(page, NOBODY, name="Gone in place")
    page.goto("/webhooks?q=gone+in+place")
    press(page, "Delete", "Gone in place")
    undo = page.get_by_role("button", name=re.compile("^Undo ?: Gone in place$"))
    expect(undo).to_be_focused()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Gone in place is deleted.")
    expect(page.get_by_role("status")).to_have_text("Gone in place is deleted.")
    undo.click()
    expect(row(page, "Gone in place")).to_contain_text("Not tested")
    expect(more(page, "Gone in place")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("Gone in place")

    press(page, "Delete", "Gone in place")
    expect(undo).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="No webhook matches")).to_be_visible()


def test_after_signing_out_in_another_tab_a_button_leads_to_the_sign_in(
    browser: Browser, server: Server
) -> None:
    visitor = Visitor(browser, server.url, signed_in=None)
    page = visitor.open("/login?next=/webhooks?q=shop%2B07")
    sign_in(page)
    expect(rows(page)).to_have_count(1)
    other = page.context.new_page()
    other.goto("/settings/account")
    other.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect_said(other, "You are signed out.")

    press(page, "Disable", "Shop 07")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(rows(page)).to_have_count(1)
    more(page, "Shop 07").click()
    expect(button(page, "Disable", "Shop 07")).to_be_visible()
    visitor.leave()


def test_a_server_that_is_gone_is_told(page: Page, visitor: Visitor) -> None:
    for words in ("ERR_FAILED", "htmx:sendError"):
        visitor.watch.allow(words)
    page.goto("/webhooks?q=shop+07")
    page.route("**/disable", lambda route: route.abort())
    press(page, "Disable", "Shop 07")
    alarm = page.get_by_role("alert")
    expect(alarm).to_contain_text("The console did not answer.")
    expect(button(page, "Disable", "Shop 07")).to_be_focused()
    alarm.get_by_role("button", name="Close").click()
    expect(alarm).to_be_empty()


def test_several_at_once_by_keyboard_and_undo(page: Page) -> None:
    names = [f"Both {number}" for number in (1, 2)]
    for name in names:
        make_webhook(page, NOBODY, name=name)
    page.goto("/webhooks?q=Both")
    bar = page.get_by_role("group", name="Selected webhooks")
    expect(bar).to_be_hidden()
    for name in names:
        page.get_by_role("checkbox", name=f"Select: {name}").focus()
        page.keyboard.press("Space")
    disable = bar.get_by_role("button", name="Disable")
    disable.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_contain_text("2 webhooks are disabled.")
    for name in names:
        expect(row(page, name)).to_contain_text("Disabled")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect_said(page, "2 webhooks are as they were.")
    for name in names:
        expect(row(page, name)).to_contain_text("Not tested")


def test_the_menus_of_the_bar_stay_in_the_window(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto("/webhooks?q=shop")
    page.locator("td [name=ids]").first.check()
    bar = page.get_by_role("group", name="Selected webhooks")
    assert page.evaluate("document.documentElement.scrollHeight > 600")  # the bar stands over rows
    for name in ("Pause", "More"):
        bar.get_by_role("button", name=name).press("Enter")
        menu = page.locator(".menu:popover-open")
        expect(menu).to_have_count(1)
        expect(menu).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")


def test_enter_in_a_box_presses_no_button_of_a_row(page: Page) -> None:
    page.goto("/webhooks?q=shop+07")
    box = page.get_by_role("checkbox", name="Select: Shop 07")
    box.check()
    box.press("Enter")
    expect(page.get_by_text("Nothing was changed.").first).to_be_visible()
    expect(row(page, "Shop 07")).to_contain_text("Not tested")


def test_all_on_the_page_are_selected_by_one_box(page: Page) -> None:
    page.goto("/webhooks?q=shop&channel=telegram-sales")
    page.get_by_role("checkbox", name="Select all").check()
    expect(page.locator("[name=ids]:checked")).to_have_count(2)
    bar = page.get_by_role("group", name="Selected webhooks")
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_be_hidden()


def test_a_pause_from_the_list(open_page: Open) -> None:
    page = open_page()
    make_webhook(page, NOBODY, name="Rest a while")
    page.goto("/webhooks?q=Rest+a+while")
    press(page, "Pause for an hour", "Rest a while")
    expect(row(page, "Rest a while")).to_contain_text("Paused until")
    press(page, "Resume", "Rest a while")
    expect(row(page, "Rest a while")).to_contain_text("Not tested")


def test_the_slots_tell_their_figures_when_pressed(page: Page) -> None:
    page.goto("/webhooks")
    slots = row(page, "Shop 01").get_by_role("button", name="1,200 / 1,234 attempts succeeded")
    slots.focus()
    page.keyboard.press("Enter")
    shown = row(page, "Shop 01").locator(".menu:popover-open li")
    expect(shown).to_have_text(re.compile(r"^\d\d:00 1,200/1,234$"))
    expect(slots).to_be_focused()


def test_a_tablet_shows_the_hours_as_a_phone_does(page: Page) -> None:
    page.goto("/webhooks")
    slots = row(page, "Shop 01").locator(".slots")
    for width in (641, 700, 744, 768, 900, 960, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        box = slots.bounding_box()
        assert box is not None, width
        assert box["width"] > 70, width
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
