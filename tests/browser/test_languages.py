"""Languages in a browser: its preference, a switch that is remembered, words of scripts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.states import LONG, STATES, Seeds, put_back
from tests.browser.steps import PASSWORD, sign_in
from tests.browser.words import UKRAINIAN
from tests.support.browser import Open, Visitor
from tests.support.server import Server


def test_the_browsers_language_is_taken(open_page: Open) -> None:
    """What others prefer is asked in web/test_language.py."""
    page = open_page("/login", signed_in=False, locale="uk-UA")
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Увійти")


@pytest.fixture
def browsers(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Browsers in which nobody is signed in."""
    visitor = Visitor(browser, server.url, signed_in=None)
    yield visitor
    visitor.leave()


def switch_to(page: Page, name: str) -> None:
    page.get_by_role("banner").get_by_role("button", name=name).click()


def test_the_switch_is_remembered_signed_out_and_in(browsers: Visitor, server: Server) -> None:
    login = "iryna"  # nobody whose language is known yet
    server.command("user", "add", login, "--password-stdin", stdin=PASSWORD)
    page = browsers.open("/login?next=/channels", javascript=False)
    html = page.locator("html")
    expect(html).to_have_attribute("lang", "en")
    switch_to(page, "УК")
    expect(html).to_have_attribute("lang", "uk")
    page.reload()
    expect(html).to_have_attribute("lang", "uk")
    sign_in(page, login)
    expect(page).to_have_url(re.compile("/channels$"))
    expect(html).to_have_attribute("lang", "uk")

    # Chosen while signed in, it belongs to the user and goes along to any other browser.
    page.goto("/webhooks?q=nothing&sort=-created")
    switch_to(page, "EN")
    expect(html).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile(r"/webhooks\?q=nothing&sort=-created$"))
    switch_to(page, "УК")
    expect(html).to_have_attribute("lang", "uk")
    other = browsers.open("/login")
    expect(other.locator("html")).to_have_attribute("lang", "en")
    sign_in(other, login)
    expect(other.locator("html")).to_have_attribute("lang", "uk")


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
