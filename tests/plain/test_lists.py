"""Lists without scripts: search, filters, pages, the buttons of their rows and of several rows."""

from urllib.parse import urlencode

import pytest
from flask import Flask

from tests.engine.conftest import subscribe
from tests.plain.conftest import create_webhook, send_test
from tests.plain.page import Page, text
from tests.support.receiver import Receiver
from tests.support.waiting import free_port
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel

NOBODY = "http://127.0.0.1:9/hook"
SHOPS = 53  # three more than a page of channels holds


@pytest.fixture
def channels(console: Flask) -> None:
    """More channels than a page holds."""
    with console.app_context(), transaction():
        names = [f"Крамниця {number:02}" for number in range(1, SHOPS + 1)]
        db.session.add_all([Channel(key=f"shop-{name[-2:]}", name=name) for name in names])


@pytest.mark.usefixtures("channels")
def test_pages_and_search_of_channels(page: Page) -> None:
    assert len(page.go("/channels").rows()) == 50
    assert len(page.follow("Next").rows()) == 3
    assert page.url == "/channels?page=2"
    assert "51–53 of 53" in page.text

    page.fill("Search by name or key", "КРАМНИЦЯ shop-07").enter("Search by name or key")
    (row,) = page.rows()
    assert page.url == f"/channels?{urlencode({'q': 'КРАМНИЦЯ shop-07'})}"
    assert "Крамниця 07" in text(row)

    page.fill("Search by name or key", "nobody").enter("Search by name or key")
    assert len(page.follow("All channels").rows()) == 50


@pytest.mark.usefixtures("channels")
def test_search_and_filters_of_webhooks(page: Page) -> None:
    for name, channel in (("Shop 07", "Крамниця 07"), ("Shop 08", "All channels")):
        page.go("/webhooks/new").fill("Webhook URL", NOBODY).fill("Name (optional)", name)
        page.check("Message created").select("Select inbox (channel)", channel)
        page.press("Save webhook")
    page.go("/webhooks").fill("Search by name or URL", "shop 0")
    page.select("Channel", "Крамниця 07").press("Apply")
    assert len(page.rows()) == len(page.rows("Shop 07")) == 1
    page.fill("Search by name or URL", "nothing like it").press("Apply")
    assert "No webhook matches" in page.text
    assert len(page.follow("Clear filters").rows()) == 2


def test_an_address_with_filters_can_be_shared(page: Page, console: Flask) -> None:
    with console.app_context(), transaction():
        db.session.add(Channel(key="telegram-sales", name="Telegram sales"))
    fields = {"events": ("team_changed",), "channel": "telegram-sales"}
    for name in ("Shop 07", "Shop 08"):
        subscribe(console, NOBODY, name=name, **fields)
    subscribe(console, NOBODY, name="Shop 09")
    filters = "q=shop&status=untested&event=team_changed&channel=telegram-sales"
    first, second = page.go(f"/webhooks?{filters}&sort=-created").rows()
    assert "Shop 08" in text(first)
    assert "Shop 07" in text(second)
    assert page.value("Search by name or URL") == "shop"
    assert page.one("a[@id='tab-untested']").get("aria-current") == "page"
    assert page.value("Event") == "team_changed"
    assert page.value("Channel") == "telegram-sales"
    assert page.value("Sort by") == "-created"
    assert len(page.follow("Clear filters").rows()) == 3
    assert page.url == "/webhooks"


def test_a_result_stands_in_the_list(page: Page, receiver: Receiver) -> None:
    create_webhook(page, receiver.url, **{"Name (optional)": "Result"})
    send_test(page)
    page.go("/webhooks?q=result&status=working")
    assert page.rows("No events yet")
    page.follow("The receiver accepted")
    assert page.heading.startswith("Message created")
    assert "The receiver accepted the event." in page.id("delivery")


def test_delete_and_undo(page: Page) -> None:
    path = create_webhook(page, NOBODY, **{"Name (optional)": "Gone by form"})
    page.go("/webhooks?q=gone+by+form").press("Delete: Gone by form")
    assert "Gone by form is deleted." in page.text
    assert not page.rows("Gone by form")
    assert page.client.get(path).status_code == 404
    page.press("Undo")
    assert "Gone by form is back." in page.text
    assert page.heading == "Gone by form"


def test_a_deleted_webhook_is_found_and_restored(page: Page) -> None:
    path = create_webhook(page, NOBODY, **{"Name (optional)": "Lost"})
    page.press("Delete").go("/webhooks?q=something+else")  # as whoever searches on: Undo is gone
    page.follow("Recently deleted").press("Restore")
    assert (page.heading, page.url) == ("Lost", path)


def test_a_form_under_which_it_was_deleted_offers_undo(page: Page) -> None:
    path = create_webhook(page, NOBODY, **{"Name (optional)": "Before"})
    page.follow("Edit webhook").fill("Name (optional)", "Typed meanwhile")
    Page(page.client, path).press("Delete")
    page.press("Save webhook").press("Undo")
    assert page.value("Name (optional)") == "Typed meanwhile"
    assert page.press("Save webhook").heading == "Typed meanwhile"


def test_several_at_once_and_undo(page: Page) -> None:
    names = ["Both 1", "Both 2"]
    for name in names:
        create_webhook(page, NOBODY, **{"Name (optional)": name})
    page.go("/webhooks?q=Both")
    for name in names:
        page.check(f"Select: {name}")
    page.press("Disable")
    assert "2 webhooks are disabled." in page.id("done")
    assert len(page.rows("Disabled")) == 2
    page.press("Undo")
    assert "2 webhooks are as they were." in page.text
    assert len(page.rows("Not tested")) == 2


def test_enter_in_a_box_presses_no_button_of_a_row(page: Page) -> None:
    create_webhook(page, NOBODY, **{"Name (optional)": "Shop"})
    page.go("/webhooks").check("Select: Shop").enter("Select: Shop")
    assert "Nothing was changed." in page.text
    assert page.rows("Not tested")


def test_what_failed_is_found_and_read(page: Page, receiver: Receiver) -> None:
    for url, name in ((receiver.url, "Orders"), (f"http://127.0.0.1:{free_port()}/", "Refused")):
        create_webhook(page, url, **{"Name (optional)": name})
        send_test(page)
    page.go("/webhooks").follow("Deliveries").fill("Webhook: name or id", "Refused").enter(
        "Webhook: name or id"
    )
    (row,) = page.rows()
    assert "refused" in text(row)
    page.fill("Webhook: name or id", "").select("Status", "failed").press("Apply")
    assert "status=failed" in page.url
    assert not page.rows("Orders")
    assert page.reload().value("Status") == "failed"
    link = next(page.rows("Refused")[0].iter("a"))
    found = page.go(link.attrib["href"]).url.rpartition("/")[2].partition("?")[0]
    assert found.startswith("dlv_")
    assert "status=failed" in page.back().url

    page.go("/deliveries").fill("Search ids", found).enter("Search ids")
    assert len(page.rows()) == 1
    (csv,) = (each.attrib["href"] for each in page.all("a") if page.name(each) == "CSV")
    table = page.client.get(csv).text
    assert table.lstrip("\ufeff").startswith("id,created_at,")
    assert found in table
    page.fill("Search ids", "nobody-has-this").enter("Search ids")
    assert "No delivery matches" in page.text
    assert page.follow("Clear filters").rows()
