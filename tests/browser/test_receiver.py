"""The built-in receiver from the empty list on: made, pointed at, seen live, answers as told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import expect_verdict, send_test
from tests.support.server import Server


@pytest.fixture(scope="module")
def server(new_folder: Callable[[], Path], port: int) -> Iterator[Server]:
    """A server as `make run` starts it: no private network may be reached."""
    with Server(new_folder(), port) as server:
        yield server


def test_from_the_empty_list_to_a_signature_that_holds(page: Page) -> None:
    """Without JavaScript: tests/plain/test_journeys.py."""
    page.goto("/webhooks")
    page.get_by_role("button", name="Try the test receiver").press("Enter")
    expect(page.locator("h1")).to_have_text("Requests")
    expect(page.get_by_text("Nothing has arrived yet")).to_be_visible()
    receiver = page.url

    page.get_by_role("link", name="Create a webhook that sends here").press("Enter")
    expect(page.locator("#url")).to_have_value(receiver)
    page.locator("#events-message_created").check()
    page.locator("#save").press("Enter")
    other = page.context.new_page()
    other.goto(receiver)
    send_test(page)
    expect_verdict(page, "good", "The receiver accepted the event.")

    arrived = other.locator("#requests details").first
    expect(arrived).to_contain_text("Signature valid")
    expect(arrived).to_contain_text("message_created")
    expect(other.locator("#requests-title")).to_have_text("1 request")

    other.locator("#answer").select_option("500")
    other.locator("#choose").press("Enter")
    said = other.get_by_role("main").get_by_text("Response saved: 500")
    expect(said).to_be_visible()
    send_test(page)
    expect_verdict(page, "bad", "The receiver had an error.")
    expect(other.locator("#requests-title")).to_have_text("2 requests")
    # A new one above does not fold what is being read.
    expect(other.locator("#requests > details").nth(1)).to_have_attribute("open", "")
