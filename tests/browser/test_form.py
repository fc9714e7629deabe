"""The webhook's form: what it says of mistakes, what it keeps and what it hides.

What it mends, stored secrets and two people who edit: tests/plain/test_webhook.py.
"""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.steps import (
    expect_verdict,
)
from tests.support.browser import Open
from tests.support.receiver import Receiver
from webhooks_ui.catalogue.event_types import EVENT_TYPES

SAVED = re.compile("/webhooks/wh_[^/]+$")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save webhook").click()


def send(page: Page) -> None:
    page.get_by_role("button", name="Send test event").click()


def test_mistakes_stand_at_the_fields_and_in_a_summary(page: Page, receiver: Receiver) -> None:
    """Without JavaScript: tests/plain/test_webhook.py."""
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill("ftp://127.0.0.1/")
    page.get_by_role("radio", name="Custom").check()
    page.get_by_label("Header name").fill("Host")
    page.get_by_label("Header value").fill("kept-while-mending-1")
    save(page)

    summary = page.locator("#errors")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("heading")).to_have_text("Fix 3 problems")
    expect(summary.get_by_role("listitem")).to_have_count(3)
    url, name = page.get_by_label("Webhook URL"), page.get_by_label("Header name")
    for field, words in ((url, "begin with https:// or http://"), (name, "Host")):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(words)))
    expect(page.get_by_role("group", name="Events")).to_have_accessible_description(
        re.compile("Choose at least one event.")
    )
    summary.get_by_role("link", name="Webhook URL").click()
    expect(url).to_be_focused()
    summary.get_by_role("link", name="Events").click()
    expect(page.get_by_role("checkbox", name="Conversation status changed")).to_be_focused()

    # The secret is kept, though it stands nowhere on the page.
    assert "kept-while-mending-1" not in page.content()
    url.fill(receiver.url)
    name.fill("X-Api-Key")
    page.get_by_role("checkbox", name="Message updated").check()
    save(page)
    expect(page).to_have_url(SAVED)
    send(page)
    assert receiver.wait(1)[0].header("X-Api-Key") == "kept-while-mending-1"


def test_all_events_none_of_them_and_their_samples(page: Page) -> None:
    page.goto("/webhooks/new")
    events = page.get_by_role("group", name="Events")
    boxes = events.get_by_role("checkbox")
    expect(boxes).to_have_count(len(EVENT_TYPES))
    events.get_by_role("button", name="All events").click()
    assert [box.is_checked() for box in boxes.all()] == [True] * len(EVENT_TYPES)
    events.get_by_role("button", name="Clear").click()
    assert [box.is_checked() for box in boxes.all()] == [False] * len(EVENT_TYPES)
    for kind in EVENT_TYPES.values():
        sample = events.get_by_role("region", name=str(kind.label))
        expect(sample).to_be_hidden()
        events.get_by_text(f"Sample: {kind.label}").click()
        expect(sample).to_contain_text(f'"event": "{kind.identifier}"')
        expect(sample).to_be_visible()


def test_a_secret_is_shown_only_while_it_is_typed(page: Page) -> None:
    """It stands on no page afterwards: tests/plain/test_webhook.py."""
    page.goto("/webhooks/new")
    page.get_by_role("radio", name="Bearer").check()
    token = page.get_by_label("Token", exact=True)
    show = page.get_by_role("button", name="Show: Token")
    token.fill("tok-ABCDEFGH-7f3a")
    expect(token).to_have_attribute("type", "password")
    show.click()
    expect(token).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    expect(token).to_be_focused()
    show.click()
    expect(token).to_have_attribute("type", "password")


class Asked:
    """Counts the questions whether to leave, and answers them."""

    def __init__(self, page: Page, *, leave: bool) -> None:
        self.count, self.leave = 0, leave
        page.on("dialog", self._answer)

    def _answer(self, dialog: Dialog) -> None:
        assert dialog.type == "beforeunload"
        self.count += 1
        if self.leave:
            dialog.accept()
        else:
            dialog.dismiss()


def test_leaving_a_changed_form_asks(open_page: Open, receiver: Receiver) -> None:
    page = open_page(is_new=True)
    asked = Asked(page, leave=False)
    page.goto("/webhooks/new")
    name = page.get_by_label("Name (optional)")
    name.press_sequentially("Half done")
    page.get_by_role("link", name="Channels").click()
    expect(name).to_have_value("Half done")
    assert (asked.count, page.url.endswith("/webhooks/new")) == (1, True)
    asked.leave = True
    page.get_by_role("link", name="Channels").click()
    expect(page.get_by_role("heading", name="Channels", exact=True)).to_be_visible()
    assert asked.count == 2


@pytest.mark.parametrize("noun", ["webhook", "channel"])
def test_leaving_a_form_with_mistakes_asks(open_page: Open, noun: str) -> None:
    page = open_page(is_new=True)
    asked = Asked(page, leave=True)
    page.goto(f"/{noun}s/new")
    page.get_by_label("Name").first.press_sequentially("Half done")
    page.get_by_role("button", name=f"Save {noun}").click()
    expect(page.locator("#errors")).to_be_focused()
    assert asked.count == 0
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(f"/{noun}s$"))
    assert asked.count == 1


def test_leaving_a_form_that_is_saved_or_only_tested_does_not_ask(
    open_page: Open, receiver: Receiver
) -> None:
    page = open_page(is_new=True)
    asked = Asked(page, leave=True)
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").press_sequentially(receiver.url)
    page.get_by_role("checkbox", name="Message created").check()
    save(page)
    expect(page).to_have_url(SAVED)
    page.get_by_role("link", name="Edit webhook").click()
    page.get_by_label("Event", exact=True).select_option("team_changed")
    send(page)
    expect_verdict(page, "good", "The receiver accepted the event.")
    page.get_by_role("link", name="Channels").click()
    expect(page.get_by_role("heading", name="Channels", exact=True)).to_be_visible()
    assert asked.count == 0


def test_a_template_shows_what_it_makes_while_it_is_typed(open_page: Open) -> None:
    page = open_page("/webhooks/new")
    page.locator("[name=events][value=message_created]").check()
    page.locator("#more-formats > summary").click()
    page.locator("[name=payload_format][value=template]").check()
    page.locator("[name=template_body]").fill('{"said": {{ data.content|tojson }}}')
    expect(page.locator("#template-preview")).to_contain_text("Добрий день")
    page.locator("[name=template_body]").fill("{{ data.content }}")
    expect(page.locator("#template-preview")).to_contain_text("the result is not JSON")
