"""The whole journey by keyboard alone: where the focus is at each step, and that one sees it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.steps import LOGIN, PASSWORD, expect_said, expect_verdict, make_webhook
from tests.support.browser import Visitor
from tests.support.receiver import Receiver
from tests.support.server import Server
from webhooks_ui.authorization.basic import Basic

# Reports a focus that is nowhere once htmx has changed the page.
WATCH_FOCUS = """
document.addEventListener("htmx:afterSettle", () => setTimeout(() => {
  if (document.activeElement === document.body) focusLost(location.pathname);
}, 0));
"""
# The focused element and whether one sees that it is focused: an outline, and within the window.
LOOK = """(wanted) => {
  const active = document.activeElement;
  const box = active.getBoundingClientRect();
  const style = getComputedStyle(active);
  return {
    name: `${active.tagName} #${active.id} ${active.textContent.trim().slice(0, 40)}`,
    reached: active === wanted,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    within: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
# Their own visible sign of focus is another than an outline, or the whole page is focused.
UNMARKED = ("BODY", "MAIN")


@dataclass
class Keys:
    """A person at the keyboard, who looks where the focus is after each press."""

    page: Page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, wanted: Locator, *, back: bool = False, most: int = 60) -> list[str]:
        """Press Tab until this has the focus; all stops on the way, which one must see as such."""
        expect(wanted).to_be_visible()
        goal = wanted.element_handle()
        key = "Shift+Tab" if back else "Tab"
        passed = []
        for _ in range(most):
            self.press(key)
            found = self.page.evaluate(LOOK, goal)
            passed.append(found["name"])
            if not found["name"].startswith(UNMARKED):
                assert found["outlined"], f"no sign of focus on {found['name']}"
                assert found["within"], f"out of sight: {found['name']}"
            if found["reached"]:
                return passed
        raise AssertionError(f"{key} does not lead to {wanted}, but to: {passed}")


@pytest.fixture
def keys(browser: Browser, server: Server) -> Iterator[Keys]:
    """The keyboard at a fresh browser, in which nobody is signed in."""
    visitor = Visitor(browser, server.url, signed_in=None)
    page = visitor.open(is_new=True)
    lost: list[str] = []

    def note(path: str) -> None:
        lost.append(path)

    page.context.expose_function("focusLost", note)
    page.context.add_init_script(WATCH_FOCUS)
    page.goto("/webhooks")
    yield Keys(page)
    visitor.leave()
    assert not lost, f"the focus was lost on {lost}"


def test_the_journey_by_keyboard(keys: Keys, receiver: Receiver) -> None:
    sign_in(keys)
    skip_to_the_content(keys)
    mend_a_mistake(keys, receiver.url)
    choose_basic(keys)
    try_and_save(keys)
    try_the_saved(keys)
    look_at_the_delivery(keys)
    disable_enable_delete_undo(keys)
    sign_out(keys)
    for request in receiver.wait(2):
        expected = f"Basic {Basic('acme', 's3cret').credentials}"
        assert request.header("Authorization") == expected


def sign_in(keys: Keys) -> None:
    page = keys.page
    expect(page.get_by_label("Login")).to_be_focused()
    keys.type(LOGIN)
    keys.tab_to(page.get_by_label("Password", exact=True), most=1)
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()


def skip_to_the_content(keys: Keys) -> None:
    """The first stop leads past the navigation; the next one is the page's main action."""
    page = keys.page
    skip = page.get_by_role("link", name="Skip to content")
    keys.tab_to(skip, most=1)
    expect(skip).to_be_in_viewport()
    keys.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    keys.tab_to(page.get_by_role("link", name="Add a new webhook"), most=1)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="New webhook")).to_be_visible()


def mend_a_mistake(keys: Keys, url: str) -> None:
    """Saving an empty form leads to the summary, and from there to the field."""
    page = keys.page
    keys.tab_to(page.get_by_label("Webhook URL"))
    keys.press("Enter")
    expect(page.locator("#errors")).to_be_focused()
    keys.tab_to(page.locator("#errors").get_by_role("link", name="Webhook URL"), most=1)
    keys.press("Enter")
    expect(page.get_by_label("Webhook URL")).to_be_focused()
    keys.type(url)
    keys.tab_to(page.get_by_label("Name (optional)"), most=1)
    keys.type("By keyboard")


def choose_basic(keys: Keys) -> None:
    """The arrows move between the kinds, and Tab goes on into the chosen one's fields."""
    page = keys.page
    keys.tab_to(page.get_by_role("radio", name="None"), most=1)
    keys.press("ArrowDown")
    expect(page.get_by_role("radio", name="Bearer")).to_be_focused()
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    keys.press("ArrowDown")
    expect(page.get_by_role("radio", name="Basic")).to_be_checked()
    expect(page.get_by_role("radio", name="Basic")).to_be_focused()
    keys.tab_to(page.get_by_label("Login", exact=True), most=1)
    keys.type("acme")
    password = page.get_by_label("Password", exact=True)
    keys.tab_to(password, most=1)
    keys.type("s3cret")
    keys.tab_to(page.get_by_role("button", name="Show: Password"), most=1)
    keys.press("Space")
    expect(password).to_be_focused()
    expect(password).to_have_attribute("type", "text")
    keys.tab_to(page.get_by_role("checkbox", name="Message created"))
    keys.press("Space")
    expect(page.get_by_role("checkbox", name="Message created")).to_be_checked()


def try_and_save(keys: Keys) -> None:
    page = keys.page
    event = page.get_by_label("Event", exact=True)
    keys.tab_to(event)
    keys.type("Message c")
    expect(event).to_have_value("message_created")
    send = page.get_by_role("button", name="Send test event")
    keys.tab_to(send, most=1)
    keys.press("Enter")
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(send).to_be_focused()
    keys.tab_to(page.get_by_role("button", name="Save webhook"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()


def try_the_saved(keys: Keys) -> None:
    page = keys.page
    copy = page.locator(".shown-once").get_by_role("button", name="Copy")
    keys.tab_to(copy)
    keys.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Signing secret: copied.")
    expect(copy).to_be_focused()
    rows = page.get_by_role("table", name="Latest deliveries").get_by_role("row")
    expect(rows).to_have_count(2)  # the header, and the test made before
    send = page.get_by_role("button", name="Send test event")
    keys.tab_to(send)
    keys.press("Space")
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(send).to_be_focused()
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("200")
    expect(page.locator("#health")).to_contain_text("No events yet")


def look_at_the_delivery(keys: Keys) -> None:
    page = keys.page
    history = page.get_by_role("table", name="Latest deliveries")
    keys.tab_to(history.get_by_role("link").first)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Message created")).to_be_visible()
    keys.tab_to(page.get_by_role("navigation", name="Main").get_by_role("link", name="Webhooks"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_visible()


def disable_enable_delete_undo(keys: Keys) -> None:
    """Each button's answer has the focus where the button was."""
    page = keys.page
    row = page.get_by_role("table", name="Webhooks").locator("tbody tr", has_text="By keyboard")
    toggle, delete = row.locator("[formaction$=able]"), row.locator("[id$=-delete]")
    more = row.locator("[popovertarget$=-menu]")
    keys.tab_to(more)
    for state, button in (("Disabled", "Enable"), ("No events yet", "Disable")):
        keys.press("Enter")
        keys.tab_to(toggle, most=8)
        keys.press("Enter")
        expect(row).to_contain_text(state)
        expect(toggle).to_contain_text(button)
        expect(more).to_be_focused()
    keys.press("Enter")
    keys.tab_to(delete, most=9)
    keys.press("Space")
    expect(row).to_contain_text("By keyboard is deleted.")
    expect(delete).to_contain_text("Undo")
    expect(delete).to_be_focused()
    keys.press("Space")
    expect(row).to_contain_text("No events yet")
    expect(more).to_be_focused()


def sign_out(keys: Keys) -> None:
    page = keys.page
    keys.tab_to(page.get_by_role("banner").get_by_role("button", name="Sign out"), back=True)
    keys.press("Enter")
    expect_said(page, "You are signed out.")
    expect(page.get_by_label("Login")).to_be_focused()


def test_no_page_keeps_the_focus_or_hides_it(page: Page, receiver: Receiver) -> None:
    """Tab comes through all of a page and to its beginning again; each stop can be seen.

    A new webhook's form has less than one that is edited, and is walked by the journey.
    """
    fields = {"auth_type": "basic", "auth_login": "acme", "auth_password": "s3cret-enough"}
    path = f"/webhooks/{make_webhook(page, receiver.url, **fields)}"
    keys = Keys(page)
    for at in ("/webhooks", path, f"{path}/edit", "/catalogue"):
        page.goto(at)
        skip = page.get_by_role("link", name="Skip to content")
        keys.tab_to(skip, most=1)
        stops = keys.tab_to(skip, most=150)
        assert len(stops) > 10, stops


def test_searching_and_filtering_keep_the_focus(page: Page, receiver: Receiver) -> None:
    for name in ("Alpha", "Beta"):
        make_webhook(page, receiver.url, name=name)
    page.goto("/webhooks")
    keys = Keys(page)
    search = page.get_by_role("searchbox", name="Search by name or URL")
    table = page.get_by_role("table", name="Webhooks")
    keys.tab_to(search)
    keys.type("beta")
    expect(table.locator("tbody tr:not(.group)")).to_have_count(1)
    expect(search).to_be_focused()
    state = page.locator("#tab-untested")
    keys.tab_to(state)
    keys.press("Enter")
    expect(page).to_have_url(re.compile("status=untested"))
    expect(state).to_have_attribute("aria-current", "page")
    expect(state).to_be_focused()
    keys.tab_to(page.get_by_role("main").get_by_role("link", name="Clear filters"))
    keys.press("Enter")
    expect(table.get_by_role("link", name="Alpha", exact=True)).to_be_visible()


def test_a_late_answer_to_something_else_takes_the_focus_nowhere(
    page: Page, receiver: Receiver
) -> None:
    """The chosen event's sample comes while the test is under way, whose button is disabled."""
    page.goto("/webhooks/new")
    page.get_by_label("Webhook URL").fill(receiver.url)
    held: dict[str, Route] = {}

    def hold(route: Route) -> None:
        held[route.request.method] = route

    page.route("**/catalogue/sample?*", hold)
    page.route("**/webhooks/test", hold)
    event = page.get_by_label("Event", exact=True)
    event.focus()
    with page.expect_request("**/catalogue/sample?*"):
        event.press("ArrowDown")
    send = page.get_by_role("button", name="Send test event")
    with page.expect_request("**/webhooks/test"):
        send.press("Enter")
    expect(page.locator("body")).to_be_focused()
    held["GET"].continue_()
    expect(event).to_be_focused()
    held["POST"].continue_()
    expect_verdict(page, "good", "The receiver accepted the event.")
    expect(send).to_be_focused()
