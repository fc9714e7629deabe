"""Languages in a browser: its preference, a switch that is remembered, nothing left in English."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.states import LONG, STATES, Seeds, put_back
from tests.browser.steps import PASSWORD, sign_in
from tests.support.browser import Open, Visitor
from tests.support.server import Server

UKRAINIAN = re.compile("[А-ЩЬЮЯЄІЇҐа-щьюяєіїґ]")
# Languages other than Ukrainian that are written in Cyrillic letters have these too.
FOREIGN = re.compile("[ЁЪЫЭЎёъыэў]")
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
# Technical words that are the same in every language, and the data of the tests.
SAME_EVERYWHERE = {
    *("None", "Basic", "Bearer", "Custom", "Login", "Password", "X-Api-Key"),
    *("API", "Chatwoot", "Facebook", "Instagram", "SMS", "Telegram", "Viber", "WhatsApp"),
    *(
        "HTTP",
        "JSON",
        "TLS",
        "URL",
        "DNS",
        "UTC",
        "curl",
        "EN",
        "Chrome",
        "Linux",
        "Headless",
        "CSV",
        "NDJSON",
    ),
    *("Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"),
    *("OK", "webhooks-ui", "olena", "acme", "Off", "Refused", "elsewhere", "sales"),
}
# What people read or hear: texts, and the attributes that stand in for them; no code, no data.
WORDS = """() => {
  const skipped =
    "script, style, template, noscript, code, pre, textarea, .url, .headers, [lang=en]";
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());)
    if (!node.parentElement.closest(skipped)) found.push(node.textContent);
  for (const name of ["aria-label", "title", "placeholder", "data-copied", "alt"])
    for (const each of document.querySelectorAll(`[${name}]`))
      if (!each.closest(skipped)) found.push(each.getAttribute(name));
  for (const [name, words] of Object.entries(document.body.dataset))
    if (name.startsWith("say")) found.push(words);
  return found.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""


def english(texts: list[str]) -> set[str]:
    """Those of the texts that have words of another language than Ukrainian in them."""
    return {text for text in texts if FOREIGN.search(text) or _unknown(text)}


def _unknown(text: str) -> bool:
    if text.startswith(("http://", "https://")) or UKRAINIAN.search(text):
        return False
    return bool(set(LATIN_WORD.findall(text)) - SAME_EVERYWHERE)


def test_the_heuristic_finds_english() -> None:
    assert english(["Save webhook", "Зберегти", "200 OK", "Эхо", "Bearer", "1,2 КБ"]) == {
        "Save webhook",
        "Эхо",
    }


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_left_in_english(
    contexts: dict[str, BrowserContext], seeds: Seeds, state: str
) -> None:
    page = contexts["uk"].new_page()
    STATES[state](page, seeds)
    texts = page.evaluate(WORDS)
    put_back(page)
    page.close()
    assert len(texts) > 10
    assert english(texts) == set()


@pytest.mark.parametrize(
    ("locale", "language", "title"),
    [
        ("uk-UA", "uk", "Увійти"),
        ("uk", "uk", "Увійти"),
        ("en-US", "en", "Sign in"),
        ("fr-FR", "en", "Sign in"),
    ],
)
def test_the_browsers_language_is_taken(
    open_page: Open, locale: str, language: str, title: str
) -> None:
    page = open_page("/login", signed_in=False, locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.fixture
def browsers(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Browsers in which nobody is signed in."""
    visitor = Visitor(browser, server.url, signed_in=None)
    yield visitor
    visitor.leave()


def switch_to(page: Page, name: str) -> None:
    page.get_by_role("banner").get_by_role("button", name=name).click()


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_the_switch_is_remembered_signed_out_and_in(
    browsers: Visitor, server: Server, javascript: bool
) -> None:
    login = f"iryna-{javascript}"  # nobody whose language is known yet
    server.command("user", "add", login, "--password-stdin", stdin=PASSWORD)
    page = browsers.open("/login?next=/channels", javascript=javascript)
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
    other = browsers.open("/login", javascript=javascript)
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
