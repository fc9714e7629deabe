"""A session that ends under a form: after signing in, everything stands there as it was typed."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import sign_in
from tests.support.browser import Open

WORDS = {
    "en": ("Save channel", "You are signed in again."),
    "uk": ("Зберегти канал", "Ви знову увійшли."),
}
LOCALES = {"en": "en-GB", "uk": "uk-UA"}
EVERY_WAY = pytest.mark.parametrize(
    ("language", "javascript", "width"),
    [("en", True, 1280), ("uk", False, 320)],
)


@EVERY_WAY
def test_a_form_survives_the_end_of_its_session(
    open_page: Open, language: str, javascript: bool, width: int
) -> None:
    save, again = WORDS[language]
    page = open_page("/channels/new", javascript=javascript, locale=LOCALES[language], width=width)
    page.locator("[name=name]").fill(f"Ґанок {language} {width}")
    page.locator("[name=key]").fill(f"porch-{language}-{width}")
    page.context.clear_cookies(name=re.compile("session"))
    page.get_by_role("button", name=save).click()

    sign_in(page)
    expect(page.locator("#main").get_by_text(again)).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value(f"Ґанок {language} {width}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=save).click()
    page.wait_for_url("**/channels")


@EVERY_WAY
def test_a_test_from_the_form_survives_it_too(
    open_page: Open, language: str, javascript: bool, width: int
) -> None:
    page = open_page("/webhooks/new", javascript=javascript, locale=LOCALES[language], width=width)
    page.locator("[name=url]").fill("http://127.0.0.1:9/hook")
    page.locator("[name=auth_type][value=bearer]").check()
    page.locator("[name=auth_token]").fill("sk_live_kept_in_no_page")
    page.context.clear_cookies(name=re.compile("session"))
    page.locator("#test-send").click()

    expect(page.locator("[name=login]")).to_be_visible()
    assert "sk_live_kept_in_no_page" not in page.content()
    sign_in(page)
    expect(page.locator("#main").get_by_text(WORDS[language][1])).to_be_visible()
    expect(page.locator("[name=url]")).to_have_value("http://127.0.0.1:9/hook")
    assert "sk_live_kept_in_no_page" not in page.content()
    expect(page.locator(".kept")).to_be_visible()
