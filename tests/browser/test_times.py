"""Times as people read them: in their zone, exact on a phone, on paper, and in forced colours."""

import re
import time

import pytest
from playwright.sync_api import APIResponse, Page, expect

from tests.browser.phone import EXACT
from tests.browser.states import LOCALES
from tests.browser.steps import add_channel
from tests.support.browser import Open
from tests.support.server import Server

ZONE = {"en": "Kyiv time", "uk": "Київ, місцевий час"}


@pytest.mark.parametrize(("language", "javascript"), [("en", True), ("uk", False)])
def test_fields_name_the_zone_and_links_keep_it(
    open_page: Open, language: str, javascript: bool
) -> None:
    """The browser is in Kyiv, as its cookie says; another tells its own once it is used."""
    page = open_page("/deliveries", locale=LOCALES[language], javascript=javascript, width=320)
    page.locator(".spans > summary").click()
    for name in ("since", "until"):
        expect(page.locator(f"label:has([name={name}])")).to_contain_text(ZONE[language])
    page.locator("[name=since]").fill("2026-10-25T03:30")
    if javascript:
        page.locator("[name=since]").press("Tab")
    else:
        page.locator("#filters button.no-js").click()
    expect(page).to_have_url(re.compile("since=2026-10-25T03(:|%3A)30.*zone=Europe(/|%2F)Kyiv"))
    elsewhere = open_page(locale=LOCALES[language], timezone="America/New_York")
    elsewhere.goto(page.url)
    expect(elsewhere.locator("label:has([name=since])")).to_contain_text(ZONE[language])
    expect(elsewhere.locator("[name=since]")).to_have_value("2026-10-25T03:30")
    elsewhere.keyboard.press("Shift")
    elsewhere.goto("/deliveries")
    expect(elsewhere.locator("label:has([name=since])")).not_to_contain_text(ZONE[language])


@pytest.fixture(scope="module")
def channel(server: Server) -> None:
    """One that has just been made, as its row says."""
    add_channel(server.data_dir, "telegram-sales", "Telegram sales")


@pytest.mark.usefixtures("channel")
def test_the_script_changes_no_word_of_the_server(open_page: Open) -> None:
    """The server's words are those of the script just before the request or just after it."""
    for locale in LOCALES.values():
        moments = [time.time()]
        answer = open_page(locale=locale).request.get("/channels")
        moments.append(time.time())
        came = re.findall(r"data-relative>([^<]+)</time>", answer.text())
        before, after = (_seen(open_page(locale=locale, is_new=True), answer, at) for at in moments)
        assert came
        for text, earlier, later in zip(came, before, after, strict=True):
            assert _without_number(text) in {_without_number(earlier), _without_number(later)}


def _seen(page: Page, answer: APIResponse, moment: float) -> list[str]:
    """The relative times of this answer once the script has run, at a moment of the epoch."""
    page.add_init_script(f"Date.now = () => {moment * 1000}")
    page.route("**/channels", lambda route: route.fulfill(response=answer))
    page.goto("/channels")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    return page.locator("time[data-relative]").all_inner_texts()


def _without_number(text: str) -> str:
    return re.sub(r"\d+ \S+", "", text)  # Ukrainian has a form of the word for each number


@pytest.mark.parametrize(("language", "javascript"), [("en", True), ("uk", False)])
@pytest.mark.usefixtures("channel")
def test_on_paper_times_are_absolute(open_page: Open, language: str, javascript: bool) -> None:
    shown = "each => [getComputedStyle(each, '::after').content, getComputedStyle(each).fontSize]"
    page = open_page("/channels", locale=LOCALES[language], javascript=javascript)
    times = page.locator("td time[data-relative]").first
    page.emulate_media(media="print")
    text, size = times.evaluate(shown)
    assert EXACT[language].fullmatch(text.strip('"'))
    assert size == "0px"


GROUND = "each => getComputedStyle(each).backgroundColor"


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "uk")])
def test_forced_colours_tell_what_is_current(open_page: Open, scheme: str, language: str) -> None:
    colours = {"forced_colors": "active", "color_scheme": scheme}
    javascript = language == "en"
    page: Page = open_page(
        "/deliveries", locale=LOCALES[language], javascript=javascript, **colours
    )
    for several in (".side nav a", ".langs button", ".themes button"):
        here = page.locator(f"{several}[aria-current]")
        there = page.locator(f"{several}:not([aria-current])").first
        assert here.evaluate(GROUND) != there.evaluate(GROUND), several
