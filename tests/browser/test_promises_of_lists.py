"""What a list promises: filters are kept, an old button says so, no name breaks the page.

In Ukrainian, whose words are longer, and narrow. What is deleted is found again in
plain/test_lists.py, and a viewer is offered nothing that is refused in web/test_roles.py.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.layout import TOO_WIDE, UNFOLD
from tests.browser.steps import PASSWORD, add_channel, make_webhook, post, sign_in
from tests.browser.test_every_page import set_width, width_of
from tests.support.browser import Open, Visitor
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.server import process

NOBODY = "http://127.0.0.1:9/hook"


@pytest.fixture(scope="module", autouse=True)
def people(server: Server) -> None:
    """An editor who never chooses a language, and one who does."""
    for login, role in (("iryna", "editor"), ("ostap", "editor")):
        server.command("user", "add", login, "--role", role, "--password-stdin", stdin=PASSWORD)


@pytest.fixture
def strangers(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Browsers in which nobody is signed in."""
    visitor = Visitor(browser, server.url, signed_in=None)
    visitor.watch.allow("status of 403")
    yield visitor
    visitor.leave()


def fits(page: Page) -> bool:
    page.evaluate(UNFOLD, "")
    return bool(page.evaluate(TOO_WIDE) == [])


def test_a_button_that_is_older_than_the_sign_in_says_so(
    strangers: Visitor, open_page: Open
) -> None:
    make_webhook(open_page(), NOBODY, name="Old")
    page = strangers.open("/login", locale="uk-UA", width=320)
    sign_in(page, "iryna")
    page.goto("/webhooks?q=Old")
    again = page.context.new_page()
    again.context.clear_cookies()
    again.goto("/login")
    sign_in(again, "iryna")

    page.locator("[formaction$=able]").evaluate("button => button.click()")
    expect(
        page.get_by_role("main").get_by_text("Відтоді як цю сторінку відкрито, ви ввійшли знову")
    ).to_be_visible()
    assert parse_qs(urlsplit(page.url).query) == {"q": ["Old"]}
    assert fits(page)


def test_the_language_switch_keeps_what_was_filtered(page: Page, strangers: Visitor) -> None:
    one = make_webhook(page, NOBODY, name="One to filter by")
    post(page, f"/webhooks/{one}/disable", {})
    page = strangers.open("/login")
    sign_in(page, "ostap")
    page.goto("/webhooks")
    page.locator("#tab-disabled").click()
    expect(page).to_have_url(re.compile("status=disabled"))
    page.locator(".langs [value=uk]").click()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page).to_have_url(re.compile("status=disabled"))
    expect(page.locator("#tab-disabled")).to_have_attribute("aria-current", "page")


def test_no_name_leaves_the_window(visitor: Visitor, server: Server) -> None:
    visitor.watch.allow("status of 404")  # the page of the deleted one
    worst = "Щ" * 199
    page = visitor.open(locale="uk-UA", width=320)
    key = "k" + "x" * 95
    add_channel(server.data_dir, key, worst)
    url = f"{NOBODY}/{'x' * 300}"
    public_id = make_webhook(page, url, name=worst, channel=key)
    gone = make_webhook(page, url, name=worst)
    post(page, f"/webhooks/{gone}/delete", {})
    turn_names(server)
    tested = post(page, f"/webhooks/{public_id}/test", {"event": "message_created"})
    paths = ["/webhooks", tested, f"/webhooks/{public_id}/edit", "/webhooks/deleted", "/channels"]
    paths += [f"/webhooks/{gone}", "/deliveries", "/events", f"/webhooks/{public_id}/recover"]
    for path in paths:
        page.goto(path)
        for width in (320, 1280) if width_of(page) == 320 else (1280, 320):
            set_width(page, width)
            assert fits(page), (path, width)


CORNERS = [f"{side}: 8px; {end}: 8px" for side in ("left", "right") for end in ("top", "bottom")]


def test_a_menu_opens_within_the_window_wherever_its_button_is(open_page: Open) -> None:
    page = open_page(width=320)
    make_webhook(page, NOBODY, name="Chosen")
    page.goto("/webhooks")
    page.locator("td .hit input").first.check()
    button, menu = page.locator("[popovertarget=bulk-more]"), page.locator("#bulk-more")
    for corner in CORNERS:
        move = "(each, to) => { each.style.cssText = `position: fixed; z-index: 9; ${to}` }"
        button.evaluate(move, corner)
        button.press("Enter")
        expect(menu).to_be_visible()
        place = menu.evaluate("""(each) => {
          const { left, top, right, bottom } = each.getBoundingClientRect();
          return [left, top, innerWidth - right, innerHeight - bottom];
        }""")
        assert min(place) >= 0, (corner, place)
        button.press("Enter")
        expect(menu).to_be_hidden()


def turn_names(server: Server) -> None:
    """Puts an override of the direction in front, as names from before the rule may have it."""
    app = create_app({"DATA_DIR": server.data_dir})
    with app.app_context(), transaction():
        for model in (Webhook, Channel):
            turned = db.func.replace(model.name, "ЩЩЩ", "\u202eЩЩ", type_=db.String)
            db.session.execute(db.update(model).values(name=turned))
    process.close(app)
