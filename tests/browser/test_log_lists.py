"""The log by hand and by keyboard: filters and search, what is new, a download, the events.

Without JavaScript: tests/plain/test_lists.py.
"""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import make_webhook, post
from tests.support.browser import Open
from tests.support.receiver import Receiver
from tests.support.waiting import free_port


def rows(page: Page, name: str = "Deliveries") -> Locator:
    return page.get_by_role("table", name=name).locator("tbody").get_by_role("row")


def send_test_event(page: Page, webhook: str) -> None:
    """Sends a test and waits until it has ended."""
    path = post(page, f"/webhooks/{webhook}/test", {"event": "message_created"})
    page.goto(path)
    expect(page.locator("#test-result .verdict:is(.good, .bad)")).to_be_visible()


def test_what_failed_is_found_and_read(page: Page, receiver: Receiver) -> None:
    good = make_webhook(page, receiver.url, name="Orders")
    bad = make_webhook(page, f"http://127.0.0.1:{free_port()}/", name="Refused")
    for webhook in (good, bad):
        send_test_event(page, webhook)
    page.goto("/webhooks")
    page.get_by_role("link", name="Deliveries", exact=True).press("Enter")
    page.get_by_label("Webhook: name or id").fill("Refused")
    page.get_by_label("Webhook: name or id").press("Enter")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("refused")
    page.get_by_label("Webhook: name or id").fill("")
    page.get_by_label("Status", exact=True).select_option("failed")
    expect(page).to_have_url(re.compile(r"status=failed"))
    expect(rows(page).filter(has_text="Orders")).to_have_count(0)

    page.reload()
    expect(page.get_by_label("Status", exact=True)).to_have_value("failed")
    rows(page).filter(has_text="Refused").get_by_role("link").first.press("Enter")
    expect(page).to_have_url(re.compile(r"/deliveries/dlv_"))
    found = page.url.rpartition("/")[2].partition("?")[0]
    page.go_back()
    expect(page).to_have_url(re.compile(r"status=failed"))

    page.goto("/deliveries")
    page.get_by_role("searchbox").fill(found)
    expect(rows(page)).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert text.startswith("id,created_at,")
    assert found in text
    page.get_by_role("searchbox").fill("nobody-has-this")
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
