"""What a list promises: nothing is lost, nothing offered is refused, no name breaks the page."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.states import LOCALES
from tests.browser.steps import PASSWORD, add_channel, make_webhook, post, sign_in
from tests.browser.test_every_page import TOO_WIDE, UNFOLD
from tests.support.browser import Open, Visitor
from tests.support.server import Server
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.server import process

NOBODY = "http://127.0.0.1:9/hook"
EVERY_WAY = pytest.mark.parametrize(
    ("language", "javascript", "width"),
    [("en", False, 1280), ("uk", True, 320)],
)
WORDS = {
    "en": {
        "delete": "Delete",
        "deleted": "Recently deleted",
        "restore": "Restore",
        "undo": "Undo",
        "save": "Save webhook",
        "stale": "You signed in again since this page was opened, so nothing was changed.",
    },
    "uk": {
        "delete": "Видалити",
        "deleted": "Нещодавно видалені",
        "restore": "Відновити",
        "undo": "Відновити",
        "save": "Зберегти вебхук",
        "stale": "Відтоді як цю сторінку відкрито, ви ввійшли знову",
    },
}


@pytest.fixture(scope="module", autouse=True)
def people(server: Server) -> None:
    """A viewer, an editor who never chooses a language, and one who does."""
    for login, role in (("vira", "viewer"), ("iryna", "editor"), ("ostap", "editor")):
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


@EVERY_WAY
def test_a_deleted_webhook_is_found_and_restored(
    open_page: Open, language: str, javascript: bool, width: int
) -> None:
    words, name = WORDS[language], f"Lost {language} {width}"
    page = open_page(locale=LOCALES[language], javascript=javascript, width=width)
    public_id = make_webhook(page, NOBODY, name=name)
    page.goto(f"/webhooks/{public_id}")
    post(page, f"/webhooks/{public_id}/delete", {})
    page.goto(f"/webhooks?deleted={public_id}")
    expect(page.get_by_role("button", name=words["undo"]).first).to_be_visible()
    page.goto("/webhooks?q=something+else")  # as whoever searches on: Undo is gone

    page.get_by_role("link", name=words["deleted"]).click()
    restore = page.get_by_role("row").filter(has_text=name).get_by_role("button")
    expect(restore).to_be_visible()
    assert fits(page)
    restore.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page).to_have_url(re.compile("/webhooks/wh_"))


@EVERY_WAY
def test_a_form_under_which_it_was_deleted_offers_undo(
    open_page: Open, language: str, javascript: bool, width: int
) -> None:
    words = WORDS[language]
    page = open_page(locale=LOCALES[language], javascript=javascript, width=width)
    public_id = make_webhook(page, NOBODY, name="Before")
    page.goto(f"/webhooks/{public_id}/edit")
    page.locator("#name").fill("Typed meanwhile")
    post(page, f"/webhooks/{public_id}/delete", {})

    page.get_by_role("button", name=words["save"]).click()
    expect(page.locator("#deleted")).to_be_visible()
    assert fits(page)
    page.locator("#undo").click()
    expect(page.locator("#deleted")).to_have_count(0)
    expect(page.locator("#name")).to_have_value("Typed meanwhile")
    page.get_by_role("button", name=words["save"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed meanwhile")


@EVERY_WAY
def test_a_viewer_is_offered_nothing_that_is_refused(
    open_page: Open,
    strangers: Visitor,
    server: Server,
    language: str,
    javascript: bool,
    width: int,
) -> None:
    public_id = make_webhook(open_page(), NOBODY, name="To look at")
    page = strangers.open("/login", locale=LOCALES[language], javascript=javascript, width=width)
    sign_in(page, "vira")
    for path in (
        "/webhooks",
        f"/webhooks/{public_id}",
        "/channels",
        "/receiver",
        "/webhooks/deleted",
    ):
        page.goto(path)
        main = page.get_by_role("main")
        expect(main.locator("form[method=post], [hx-post], [formaction]")).to_have_count(0)
        assert fits(page)
    page.goto("/webhooks/new")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("form.split").count() == 0


@EVERY_WAY
def test_a_button_that_is_older_than_the_sign_in_says_so(
    strangers: Visitor, open_page: Open, language: str, javascript: bool, width: int
) -> None:
    make_webhook(open_page(), NOBODY, name=f"Old {language} {width}")
    page = strangers.open("/login", locale=LOCALES[language], javascript=javascript, width=width)
    sign_in(page, "iryna")
    page.goto(f"/webhooks?q=Old+{language}+{width}")
    again = page.context.new_page()
    again.context.clear_cookies()
    again.goto("/login")
    sign_in(again, "iryna")

    page.locator("[formaction$=able]").evaluate("button => button.click()")
    expect(page.get_by_role("main").get_by_text(WORDS[language]["stale"])).to_be_visible()
    assert parse_qs(urlsplit(page.url).query) == {"q": [f"Old {language} {width}"]}
    assert fits(page)


@pytest.mark.parametrize(("to", "javascript", "width"), [("uk", True, 1280), ("en", False, 320)])
def test_the_language_switch_keeps_what_was_filtered(
    page: Page, strangers: Visitor, to: str, javascript: bool, width: int
) -> None:
    one = make_webhook(page, NOBODY, name="One to filter by")
    post(page, f"/webhooks/{one}/disable", {})
    page = strangers.open("/login", locale="en-GB", javascript=javascript, width=width)
    sign_in(page, "ostap")  # who reads Ukrainian from the first case on
    page.goto("/webhooks")
    page.locator("#tab-disabled").click()
    expect(page).to_have_url(re.compile("status=disabled"))
    if width == 320:
        page.locator("[popovertarget=more]").click()
    page.locator(f".langs [value={to}]").click()
    expect(page.locator("html")).to_have_attribute("lang", to)
    expect(page).to_have_url(re.compile("status=disabled"))
    expect(page.locator("#tab-disabled")).to_have_attribute("aria-current", "page")


@EVERY_WAY
def test_no_name_leaves_the_window(
    visitor: Visitor, server: Server, language: str, javascript: bool, width: int
) -> None:
    visitor.watch.allow("status of 404")  # the page of the deleted one
    worst = "Щ" * 199
    page = visitor.open(locale=LOCALES[language], javascript=javascript, width=width)
    key = f"k{language}{width}" + "x" * 90
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
        assert fits(page), path


def turn_names(server: Server) -> None:
    """Puts an override of the direction in front, as names from before the rule may have it."""
    app = create_app({"DATA_DIR": server.data_dir})
    with app.app_context(), transaction():
        for model in (Webhook, Channel):
            turned = db.func.replace(model.name, "ЩЩЩ", "\u202eЩЩ", type_=db.String)
            db.session.execute(db.update(model).values(name=turned))
    process.close(app)
