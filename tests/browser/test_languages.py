"""Languages in a browser: its preference, and words of scripts."""

import re

from playwright.sync_api import BrowserContext, expect

from tests.browser.states import LONG, STATES, Seeds, put_back
from tests.browser.words import UKRAINIAN
from tests.support.browser import Open


def test_the_browsers_language_is_taken(open_page: Open) -> None:
    """What others prefer is asked in web/test_language.py, the switch in plain/test_people.py."""
    page = open_page("/login", signed_in=False, locale="uk-UA")
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Увійти")


def test_what_scripts_and_pieces_say_is_in_the_pages_language(
    contexts: dict[str, BrowserContext], seeds: Seeds
) -> None:
    page = contexts["uk"].new_page()
    STATES["deleted row"](page, seeds)
    status = page.get_by_role("status")
    expect(status).to_have_text(UKRAINIAN)
    put_back(page)
    page.goto(seeds.tested)
    ago = page.locator("time[data-relative]")
    for each in ago.all():
        expect(each).to_have_text(UKRAINIAN)
        expect(each).to_have_attribute("title", re.compile(r"\d+ [а-яіїє.]+ \d{4}"))
    assert ago.count() > 3
    page.locator("[data-copy]").first.click()
    expect(status).to_have_text(UKRAINIAN)
    assert LONG in page.title()
    page.close()
