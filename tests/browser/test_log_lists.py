"""The log by hand and by keyboard: filters and search, what is new, a download, the events."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import make_webhook, post
from tests.support.browser import Open
from tests.support.receiver import Receiver
from tests.support.waiting import free_port

EITHER_WAY = pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])


def rows(page: Page, name: str = "Deliveries") -> Locator:
    return page.get_by_role("table", name=name).locator("tbody").get_by_role("row")


def send_test_event(page: Page, webhook: str) -> None:
    """Sends a test and waits until it has ended."""
    path = post(page, f"/webhooks/{webhook}/test", {"event": "message_created"})
    page.goto(path)
    expect(page.locator("#test-result .verdict:is(.good, .bad)")).to_be_visible()


def search(page: Page, words: str, javascript: bool) -> None:
    """Types into the field, which is enough where there is JavaScript."""
    page.get_by_role("searchbox").fill(words)
    if not javascript:
        page.get_by_role("searchbox").press("Enter")


@EITHER_WAY
def test_what_failed_is_found_and_read(
    open_page: Open, receiver: Receiver, javascript: bool
) -> None:
    page = open_page()
    good = make_webhook(page, receiver.url, name=f"Orders {javascript}")
    bad = make_webhook(page, f"http://127.0.0.1:{free_port()}/", name=f"Refused {javascript}")
    for webhook in (good, bad, good):
        send_test_event(page, webhook)
    page = open_page("/webhooks", javascript=javascript)
    page.get_by_role("link", name="Deliveries", exact=True).press("Enter")
    page.get_by_label("Webhook: name or id").fill(f"Refused {javascript}")
    page.get_by_label("Webhook: name or id").press("Enter")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("refused")
    page.get_by_label("Webhook: name or id").fill("")
    page.get_by_label("Status", exact=True).select_option("failed")
    if not javascript:
        page.get_by_role("button", name="Apply").press("Enter")
    expect(page).to_have_url(re.compile(r"status=failed"))
    expect(rows(page).filter(has_text=f"Orders {javascript}")).to_have_count(0)

    page.reload()
    expect(page.get_by_label("Status", exact=True)).to_have_value("failed")
    rows(page).filter(has_text=f"Refused {javascript}").get_by_role("link").first.press("Enter")
    expect(page).to_have_url(re.compile(r"/deliveries/dlv_"))
    found = page.url.rpartition("/")[2].partition("?")[0]
    page.go_back()
    expect(page).to_have_url(re.compile(r"status=failed"))

    page.goto("/deliveries")
    search(page, found, javascript)
    expect(rows(page)).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert text.startswith("id,created_at,")
    assert found in text
    search(page, "nobody-has-this", javascript)
    expect(page.get_by_role("heading", name="No delivery matches")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Clear filters").last.press("Enter")
    expect(rows(page).first).to_be_visible()


def test_new_ones_are_told_of_and_rows_stay(open_page: Open, receiver: Receiver) -> None:
    page, elsewhere = open_page(), open_page()
    webhook = make_webhook(page, receiver.url, name="Told of")
    send_test_event(page, webhook)
    page.goto(f"/deliveries?webhook={webhook}")
    expect(rows(page)).to_have_count(1)

    send_test_event(elsewhere, webhook)

    new = page.get_by_role("link", name="1 new")
    expect(new).to_be_visible()
    expect(rows(page)).to_have_count(1)
    new.press("Enter")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#deliveries-count")).to_be_focused()
    expect(new).to_have_count(0)

    page.get_by_role("link", name="Events", exact=True).press("Enter")
    expect(rows(page, "Events").first).to_be_visible()


def test_live_lets_rows_in_while_nobody_reads_them(open_page: Open, receiver: Receiver) -> None:
    page, elsewhere = open_page(), open_page()
    webhook = make_webhook(page, receiver.url, name="Live")
    send_test_event(page, webhook)
    page.goto(f"/deliveries?webhook={webhook}")
    live = page.get_by_role("checkbox", name="Live")
    live.press("Space")
    expect(page).to_have_url(re.compile("live=yes"))
    expect(page.locator("#new[hx-trigger='every 2s']")).to_be_attached()

    send_test_event(elsewhere, webhook)
    expect(rows(page)).to_have_count(2)
    expect(live).to_be_focused()
    expect(page.locator("#status")).to_have_text("1 new")

    rows(page).first.get_by_role("link").first.focus()  # reads: nothing moves until that is over
    send_test_event(elsewhere, webhook)
    expect(page.get_by_role("link", name="1 new")).to_be_visible()
    expect(rows(page)).to_have_count(2)
    live.focus()
    expect(rows(page)).to_have_count(3)
