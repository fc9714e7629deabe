"""Every page in every state: in English judged by axe, its texts readable in both themes, narrow
and wide; in Ukrainian without a word of English; in both no wider than the window, and what a phone
lets one press as large as a finger; nothing moves once it is shown.
"""

import re
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.accounts.test_second_factor import code_of
from tests.browser.audit import NARROW, WIDE, WRITTEN, Auditor
from tests.browser.contrast import READABLE, assert_readable
from tests.browser.layout import HEADING_SHOWN, NO_WIDER, NOTHING_MOVED, UNFOLD, UNFOLD_ALL
from tests.browser.looks import Look, act, assert_looks
from tests.browser.names import ROWS_NAME_THEIR_CONTROLS
from tests.browser.paper import PRINTED, assert_right_on_paper
from tests.browser.phone import LAY_OUT, LISTS, PHONE, looks_at_list, looks_at_time
from tests.browser.states import LOCALES, LONG, STATES, Seeds, go, put_back, seeded
from tests.browser.steps import LOGIN, PASSWORD
from tests.browser.targets import LARGE_ENOUGH, assert_large_enough
from tests.browser.words import IN_UKRAINIAN, UKRAINIAN, english
from tests.support.browser import STOPPED_CLOCK, Open, Visitor
from tests.support.server import Server
from tools.provide import missing_fonts
from webhooks_ui import create_app
from webhooks_ui.accounts import second_factor, users
from webhooks_ui.models import User
from webhooks_ui.server import process

# px; 640 is 1280 at a zoom of 200 %. In Ukrainian, whose words are longer; in English the narrow
# and the wide one are looked at.
WIDTHS = (NARROW, 640, WIDE)
VIEWER = "nobody"

LANGUAGE = pytest.mark.parametrize("language", LOCALES)
# English pages are a group of their own and take as long as the rest of this file; another group
# would cost another console with its seeds.
GROUPS = [pytest.param("en", marks=pytest.mark.xdist_group("pages-en")), "uk"]


def assert_good(
    page: Page, auditor: Auditor, language: str, state: str = "", first: Iterable[Look] = ()
) -> None:
    """The page as it is now, where `set_up` has set its look, with all that can be unfolded.

    `first` is looked at before.
    """
    if language == "en":
        written: list[str] = []
        copy = act(UNFOLD, ".fold"), Look(WRITTEN, written.append)
        assert_looks(page, *first, ROWS_NAME_THEIR_CONTROLS, *copy, UNFOLD_ALL, NO_WIDER, READABLE)
        auditor.judge(written[0], state)
        page.emulate_media(color_scheme="light")
        set_width(page, NARROW)
        time = looks_at_time(state, language)
        assert_looks(page, NO_WIDER, LARGE_ENOUGH, READABLE, *time)
        return
    assert_looks(page, *first, IN_UKRAINIAN, UNFOLD_ALL)
    for width in WIDTHS:
        set_width(page, width)
        narrow = (LARGE_ENOUGH, *looks_at_time(state, language)) if width == NARROW else ()
        assert_looks(page, NO_WIDER, *narrow)


def set_up(page: Page, language: str, state: str = "") -> None:
    """The theme and the window in which a page is looked at first."""
    width, height = WIDE, 800
    if language == "uk":
        width, height = (PHONE if state in LISTS else NARROW), 844
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if language == "en" else "light")


HIDE = "() => { document.documentElement.hidden = true; }"


def width_of(page: Page) -> int:
    assert page.viewport_size
    return page.viewport_size["width"]


def set_width(page: Page, width: int) -> None:
    if width_of(page) != width:
        page.set_viewport_size({"width": width, "height": 800})


def test_the_heuristic_finds_english() -> None:
    assert english(["Save webhook", "Зберегти", "200 OK", "Эхо", "Bearer", "1,2 КБ"]) == {
        "Save webhook",
        "Эхо",
    }


FAINT = """() => {
  const text = document.querySelector("main").appendChild(document.createElement("p"));
  text.textContent = "Hardly to be seen";
  text.style.color = "rgb(128 128 128 / 60%)";
}"""


def test_low_contrast_is_detected(page: Page) -> None:
    page.goto("/webhooks")
    assert_readable(page)
    page.evaluate(FAINT)
    with pytest.raises(AssertionError, match="Hardly to be seen"):
        assert_readable(page)


TWO_LINKS = """(words) => {
  document.querySelector("main").innerHTML =
    `<h1>Two</h1><p>${words} <a href="/help">one</a></p><p><a href="/jump">other</a></p>`;
}"""


def test_overlapping_targets_are_detected(open_page: Open) -> None:
    """One in a sentence may be low, where nothing lies on it."""
    page = open_page("/help", width=NARROW)
    page.evaluate(TWO_LINKS, "It is told by")
    assert_large_enough(page)
    page.evaluate(TWO_LINKS, "By")
    with pytest.raises(AssertionError, match="one"):
        assert_large_enough(page)
    page.evaluate(TWO_LINKS, "It is told by")
    page.evaluate("document.querySelector('p + p a').style.cssText = 'display: block; top: -20px'")
    with pytest.raises(AssertionError, match=r"0 x 0 px.*one"):
        assert_large_enough(page)


def test_a_layout_shift_is_detected(page: Page) -> None:
    page.goto("/webhooks")
    page.evaluate("document.querySelector('main').style.paddingTop = '300px'")
    with pytest.raises(AssertionError):
        assert_looks(page, NOTHING_MOVED)


WIDTH_IN = """(language) => {
  document.documentElement.lang = language;
  const text = document.querySelector("main").appendChild(document.createElement("span"));
  text.textContent = "Відправити подію";
  return text.getBoundingClientRect().width;
}"""


@pytest.mark.skipif(bool(missing_fonts()), reason="the two fonts are not installed")
def test_each_language_stands_in_a_font_of_its_own_width(page: Page) -> None:
    page.goto("/help")
    page.evaluate(LAY_OUT)
    assert page.evaluate(WIDTH_IN, "uk") > 1.1 * page.evaluate(WIDTH_IN, "en")


@pytest.fixture(scope="module")
def pages(contexts: dict[str, BrowserContext]) -> dict[str, Page]:
    """A page in each language, which shows one state after the other."""
    found = {language: context.new_page() for language, context in contexts.items()}
    for page in found.values():
        page.add_init_script(STOPPED_CLOCK)
    return found


@pytest.fixture(scope="module")
def auditor(contexts: dict[str, BrowserContext]) -> Auditor:
    return Auditor(contexts["en"].new_page())


@pytest.mark.parametrize("language", GROUPS)
@pytest.mark.parametrize("state", STATES)
def test_a_page(
    pages: dict[str, Page], auditor: Auditor, seeds: Seeds, state: str, language: str
) -> None:
    page = pages[language]
    page.evaluate(HIDE)  # it would be laid out and painted once more, for nobody
    set_up(page, language, state)
    try:
        STATES[state](page, seeds)
        loaded = [NOTHING_MOVED, act(LAY_OUT)]
        if language == "uk":
            loaded += looks_at_list(state)
        elif state in PRINTED:
            assert_looks(page, *loaded)
            assert_right_on_paper(page, state)
            loaded = []
        assert_good(page, auditor, language, state, loaded)
    finally:
        if state == "deleted row":
            put_back(page)


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


def test_pages_without_javascript(visitor: Visitor, seeds: Seeds) -> None:
    """Those that a URL shows: whole, and no wider than a narrow window or a wide one.

    In Ukrainian, whose words are longer, and where something is shown without JavaScript alone;
    other pages only lack what it shows.
    """
    visitor.watch.allow("status of 404")
    page = visitor.open(locale="uk-UA", javascript=False, width=NARROW)
    shown = 0
    for show in STATES.values():
        if isinstance(show, partial) and show.func in (go, seeded) and differs(show, page, seeds):
            show(page, seeds)
            assert_looks(page, HEADING_SHOWN, act(LAY_OUT), UNFOLD_ALL, NO_WIDER)
            set_width(page, WIDE if width_of(page) == NARROW else NARROW)
            assert_looks(page, NO_WIDER)
            shown += 1
    assert shown > 8


def differs(show: partial[None], page: Page, seeds: Seeds) -> bool:
    """Whether this page has something for browsers without JavaScript, beside the frame's jump."""
    (to,) = show.args
    path = to if show.func is go else getattr(seeds, to)
    return page.request.get(path).text().count("no-js") > 1


@pytest.fixture(scope="module")
def recovery_codes(server: Server) -> list[str]:
    """Of a viewer, who signs in with a second factor."""
    app = create_app({"DATA_DIR": server.data_dir})
    with app.app_context():
        assert not users.add_user(VIEWER, PASSWORD, "viewer")
        secret = second_factor.new_secret()
        user = User.by_login(VIEWER)
        assert user is not None
        codes = second_factor.enable(user.id, secret, code_of(secret))
    process.close(app)
    assert codes
    return codes


@LANGUAGE
def test_who_is_not_signed_in_and_who_may_not(
    visitor: Visitor, auditor: Auditor, recovery_codes: list[str], language: str
) -> None:
    visitor.watch.allow("status of 40")
    page = visitor.open("/invitation?token=used", signed_in=False, locale=LOCALES[language])
    set_up(page, language)
    assert_good(page, auditor, language)
    set_up(page, language)
    page.goto("/login")
    assert_good(page, auditor, language)
    set_up(page, language)
    page.locator("[name=login]").fill(LOGIN)
    page.locator("[name=password]").fill("a wrong password")
    page.locator("main button.primary").click()
    expect(page.locator("#refusal")).to_be_visible()
    assert_good(page, auditor, language)
    set_up(page, language)
    page.locator("[name=login]").fill(VIEWER)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button.primary").click()
    expect(page.locator("[name=code]")).to_be_visible()
    assert_good(page, auditor, language)
    set_up(page, language)
    page.locator("[name=code]").fill(recovery_codes.pop())
    page.locator("[name=code]").press("Enter")
    expect(page.locator("main .rows, main .empty").first).to_be_visible()
    page.goto("/settings/tokens")
    expect(page.locator("main table")).to_have_count(0)
    assert_good(page, auditor, language)


def test_an_empty_console(
    browser: Browser, auditor: Auditor, migrated: Path, tmp_path: Path
) -> None:
    """Set-up, and the empty lists, which exist only once."""
    with Server(shutil.copytree(migrated, tmp_path / "data")) as server:
        visitor = Visitor(browser, server.url, signed_in=None)
        visitor.watch.allow("status of 403")
        pages = {code: visitor.open(locale=locale) for code, locale in LOCALES.items()}
        for path in ("/setup", server.setup_link()):
            for language, page in pages.items():
                set_up(page, language)
                page.goto(path)
                assert_good(page, auditor, language)
        for language, page in pages.items():
            set_up(page, language)
            page.locator("main button.primary").click()
            expect(page.locator("#errors")).to_be_visible()
            assert_good(page, auditor, language)
        add_user(server.data_dir)
        for language, page in pages.items():
            set_up(page, language)
            page.goto("/login")
            page.locator("[name=login]").fill(LOGIN)
            page.locator("[name=password]").fill(PASSWORD)
            page.locator("[name=password]").press("Enter")
            expect(page.locator(".empty")).to_be_visible()
            assert_good(page, auditor, language)
            set_up(page, language)
            page.goto("/channels")
            assert_good(page, auditor, language)
        visitor.leave()


def add_user(data_dir: Path) -> None:
    app = create_app({"DATA_DIR": data_dir})
    with app.app_context():
        assert not users.add_user(LOGIN, PASSWORD)
    process.close(app)
