"""The shell: jump (as a page: plain/test_journeys.py), keys, themes, and the bar of a phone."""

from playwright.sync_api import Page, expect

from tests.browser.steps import make_webhook
from tests.support.browser import Open, assert_accessible
from tests.support.receiver import Receiver

GROUND = "() => getComputedStyle(document.body).backgroundColor"
PRESS = """([key, code, shiftKey]) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true }))"""


def test_a_slash_jumps_to_a_webhook(page: Page, receiver: Receiver) -> None:
    make_webhook(page, receiver.url, name="Billing of Lviv")
    page.goto("/deliveries")
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Jump to")
    expect(field).to_be_focused()
    places = page.locator("#jump-found a")
    expect(places.first).to_contain_text("Webhooks")
    field.press_sequentially("billing of l")
    expect(places).to_have_count(3)  # and the searches in deliveries and events
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    expect(places.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Billing of Lviv")).to_be_visible()


def test_it_closes_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/events")
    link = page.locator(".find")
    for words in ("", "typed before"):  # a browser alone would only empty the field
        link.press("Enter")
        expect(page.locator("#jump")).to_be_visible()
        page.locator("#jump-q").fill(words)
        page.keyboard.press("Escape")
        expect(page.locator("#jump")).to_be_hidden()
        expect(link).to_be_focused()


def test_every_key_is_shown_and_none_acts_while_one_types(page: Page) -> None:
    page.goto("/deliveries")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    for key in ("/", "n", "t", "j", "k", "?"):
        expect(keys.locator("kbd", has_text=key).first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("n")  # what is open comes first
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    field = page.get_by_role("main").get_by_role("searchbox")
    field.press_sequentially("n/?jk")
    expect(field).to_have_value("n/?jk")
    expect(keys).to_be_hidden()
    assert page.url.partition("?")[0].endswith("/deliveries")


def test_keys_add_a_webhook_test_it_and_walk_the_list(page: Page, receiver: Receiver) -> None:
    for name in ("Kyiv", "Poltava", "Poltava 2"):
        make_webhook(page, receiver.url, name=name)
    page.goto("/webhooks?q=poltava&sort=name")
    rows = page.locator("main .rows .title")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#test-send")).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator("#test-result .verdict.good")).to_be_visible()
    page.keyboard.press("n")
    page.wait_for_url("**/webhooks/new")


def test_the_keys_of_a_ukrainian_layout_are_where_one_looks_for_them(page: Page) -> None:
    page.goto("/events")
    page.evaluate(PRESS, [",", "Slash", True])
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate(PRESS, [".", "Slash", False])
    expect(page.locator("#jump")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate(PRESS, ["т", "KeyN", False])
    page.wait_for_url("**/webhooks/new")


def test_switched_off_the_keys_do_nothing(page: Page) -> None:
    page.goto("/help")
    page.get_by_role("button", name="Turn shortcuts off").click()
    expect(page.get_by_role("button", name="Turn shortcuts on")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.press("n")
    expect(page.locator("#jump")).to_be_hidden()
    assert page.url.endswith("/help")
    page.get_by_role("button", name="Turn shortcuts on").click()
    expect(page.get_by_role("button", name="Turn shortcuts off")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("/")
    expect(page.locator("#jump")).to_be_visible()


def test_a_theme_is_kept_without_javascript(open_page: Open) -> None:
    page = open_page("/deliveries?status=failed", javascript=False)
    light, ground = page.evaluate(GROUND), page.locator("body")
    page.get_by_role("button", name="Dark").click()
    expect(ground).not_to_have_css("background-color", light)
    assert page.url.endswith("/deliveries?status=failed")
    page.goto("/channels")
    expect(ground).not_to_have_css("background-color", light)
    expect(page.locator(".themes [aria-current]")).to_have_attribute("value", "dark")
    page.get_by_role("button", name="System").click()
    expect(ground).to_have_css("background-color", light)


def test_on_a_phone_every_page_is_two_touches_away(open_page: Open) -> None:
    page = open_page("/webhooks", javascript=False, width=390, height=844)
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Events").click()
    assert page.url.endswith("/events")
    rest = page.get_by_role("navigation", name="Main")
    expect(rest).to_be_hidden()
    page.get_by_role("button", name="More").click()
    for name in ("Webhooks", "Catalogue", "API tokens", "People", "Settings"):
        expect(rest.get_by_role("link", name=name)).to_be_in_viewport()
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport()
    rest.get_by_role("link", name="Channels").click()
    assert page.url.endswith("/channels")


def test_the_browsers_language_is_taken(open_page: Open) -> None:
    """What others prefer is asked in web/test_language.py, the switch in plain/test_people.py."""
    page = open_page("/login", signed_in=False, locale="uk-UA")
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Увійти")
