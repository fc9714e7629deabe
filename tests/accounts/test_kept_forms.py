"""What was typed survives the session: sign in, and be back in the form, one click from saving."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import add
from tests.accounts.test_forgotten import can_mail
from tests.conftest import PASSWORD, session_cookie, sign_in
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Channel, UserSession, Webhook
from webhooks_ui.web import kept_form

SECRET = "sk_live_never_in_clear"
CHANNEL = {"name": "Продажі 🌻", "key": "sales", "kind": "telegram"}
WEBHOOK = {
    "name": "CRM",
    "url": "https://crm.example/hook?a=1",
    "auth_type": "bearer",
    "auth_token": SECRET,
    "events": "message_created",
    "event": "message_created",
    "data": '{"id": 77}',
}
KEPT = "what you typed is kept"
AGAIN = "You are signed in again."
STALE = "You signed in again since this page was opened."


@pytest.fixture
def console(make_app: Callable[..., Flask], password_hash: str) -> Flask:
    """A console that checks CSRF tokens, with the user `olena`."""
    app = make_app(WTF_CSRF_ENABLED=True)
    add(app, "olena", password_hash)
    return app


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def enter(browser: FlaskClient, page: TestResponse, **more: str) -> TestResponse:
    """Signs in by the form of `page`."""
    target = re.search(r'<form class="card" method="post" action="([^"]+)"', page.text)
    assert target
    form = {name: hidden(page.text, name) for name in ("csrf_token", "kept_form")}
    form |= {"login": "olena", "password": PASSWORD} | more
    return browser.post(html.unescape(target[1]), data=form)


def post_on(browser: FlaskClient, answer: TestResponse, form: dict[str, str]) -> TestResponse:
    """What a browser does on 307: it posts the same form to the new address."""
    assert answer.status_code == 307, answer.text
    return browser.post(answer.location, data=form)


def opened(browser: FlaskClient, url: str) -> dict[str, str]:
    page = browser.get(url).text
    form = {"csrf_token": hidden(page, "csrf_token")}
    return form | ({"draft": hidden(page, "draft")} if "webhook-form" in page else {})


def end_sessions(app: Flask, _browser: FlaskClient) -> None:
    with app.app_context(), transaction():
        db.session.execute(db.delete(UserSession))


def expire(app: Flask, _browser: FlaskClient) -> None:
    with app.app_context(), transaction():
        late = now() - timedelta(days=31)
        db.session.execute(db.update(UserSession).values(created_at=late, last_seen_at=late))


def lose_cookie(_app: Flask, browser: FlaskClient) -> None:
    browser.delete_cookie(session_cookie(browser))


def change_key(app: Flask, _browser: FlaskClient) -> None:
    app.config["SECRET_KEY"] = app.secret_key = "another key than before, after a restore"


ENDS = [end_sessions, expire, lose_cookie, change_key]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
@pytest.mark.parametrize(
    ("url", "typed", "shown"),
    [
        ("/channels/new", CHANNEL, ["Продажі 🌻", "sales"]),
        ("/webhooks/new", WEBHOOK, ["CRM", "https://crm.example/hook?a=1", "{&#34;id&#34;: 77}"]),
    ],
)
def test_the_form_is_back_after_the_sign_in_however_the_session_ended(
    console: Flask,
    url: str,
    typed: dict[str, str],
    shown: list[str],
    end: Callable[[Flask, FlaskClient], None],
) -> None:
    browser = sign_in(console, "olena")
    form = opened(browser, url) | typed
    end(console, browser)

    page = browser.post(url, data=form)
    assert KEPT in page.text
    assert not any(text in page.text for text in [SECRET, *typed.values()] if len(text) > 8)

    answer = enter(browser, page)
    assert answer.location == url
    back = post_on(browser, answer, {"kept_form": hidden(page.text, "kept_form")})
    assert back.status_code == 422
    assert AGAIN in back.text
    assert all(text in back.text for text in shown)
    assert SECRET not in back.text
    with console.app_context():
        assert Channel.by_key("sales") is None
        assert not db.session.scalars(db.select(Webhook)).all()

    form |= {"csrf_token": hidden(back.text, "csrf_token")}
    if "auth_token" in form:
        form |= {"auth_token": "", "draft": hidden(back.text, "draft")}
    assert browser.post(url, data=form).status_code == 303
    with console.app_context():
        saved = db.session.scalars(db.select(Webhook)).first()
        assert Channel.by_key("sales") or (saved and saved.auth_type == "bearer")


def test_a_wrong_password_in_between_loses_nothing(console: Flask) -> None:
    browser = console.test_client()
    page = browser.post("/channels/new", data=CHANNEL)
    wrong = enter(browser, page, password="not the right one")
    assert wrong.status_code == 422
    assert enter(browser, wrong).status_code == 307


def test_a_kept_form_is_short_lived(console: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = console.test_client()
    page = browser.post("/channels/new", data=CHANNEL)
    monkeypatch.setattr(kept_form, "LIFETIME", timedelta(seconds=-1))
    answer = enter(browser, page)
    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert "not kept any longer" in browser.get("/webhooks").text


def test_what_one_user_typed_is_not_shown_to_another(console: Flask, password_hash: str) -> None:
    add(console, "petro", password_hash)
    browser = console.test_client()
    first = browser.get("/login").text
    form = {"csrf_token": hidden(first, "csrf_token"), "login": "petro", "password": PASSWORD}
    assert browser.post("/login", data=form).status_code == 303
    end_sessions(console, browser)
    page = browser.post("/channels/new", data=CHANNEL)
    assert enter(browser, page).status_code == 303


@pytest.mark.parametrize(("url", "typed"), [("/channels/new", CHANNEL), ("/webhooks/new", WEBHOOK)])
def test_a_stale_token_shows_the_form_again(
    console: Flask, url: str, typed: dict[str, str]
) -> None:
    browser = sign_in(console, "olena")
    form = opened(browser, url) | typed | {"csrf_token": "of the session before"}
    page = browser.post(url, data=form)
    assert page.status_code == 422
    assert STALE in page.text
    assert typed["name"] in page.text
    assert SECRET not in page.text
    fresh = {name: hidden(page.text, name) for name in ("csrf_token", "draft") if name in form}
    assert browser.post(url, data=form | fresh | {"auth_token": ""}).status_code == 303


def test_an_edited_webhook_keeps_the_version_that_was_read(console: Flask) -> None:
    browser = sign_in(console, "olena")
    form = opened(browser, "/webhooks/new") | WEBHOOK | {"enabled": "y"}
    own = browser.post("/webhooks/new", data=form).location
    read = browser.get(f"{own}/edit").text
    mine = form | {"version": hidden(read, "version"), "name": "Mine", "csrf_token": "stale"}
    other = form | {"version": hidden(read, "version"), "name": "Other"}
    other["csrf_token"] = hidden(read, "csrf_token")
    assert browser.post(f"{own}/edit", data=other).status_code == 303

    again = browser.post(f"{own}/edit", data=mine).text
    mine |= {name: hidden(again, name) for name in ("csrf_token", "version", "draft")}
    assert (
        "changed this webhook while it was open here" in browser.post(f"{own}/edit", data=mine).text
    )


@pytest.mark.parametrize("end", [None, end_sessions])
def test_htmx_shows_it_in_place_of_the_page(console: Flask, end: Any) -> None:
    """A test of the unsaved form: nothing is sent, the whole page is replaced."""
    browser = sign_in(console, "olena")
    form = opened(browser, "/webhooks/new") | WEBHOOK | {"csrf_token": "stale"}
    if end:
        end(console, browser)
    answer = browser.post("/webhooks/test", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "body"
    assert "<html" in answer.text
    assert (KEPT if end else STALE) in answer.text


def test_a_form_of_another_site_is_not_kept(console: Flask) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = console.test_client().post("/channels/new", data=CHANNEL, headers=headers)
        assert answer.status_code == 303
        stale = sign_in(console, "olena").post("/channels/new", data=CHANNEL, headers=headers)
        assert stale.status_code == 400


def test_a_second_sign_in_tab_leads_on(console: Flask) -> None:
    browser = console.test_client()
    second = browser.get("/login?next=/channels").text
    first = browser.get("/login").text
    form = {"login": "olena", "password": PASSWORD}
    token = {"csrf_token": hidden(first, "csrf_token")}
    assert browser.post("/login", data=form | token).status_code == 303
    old = {"csrf_token": hidden(second, "csrf_token")}
    answer = browser.post("/login?next=/channels", data=form | old)
    assert (answer.status_code, answer.location) == (303, "/channels")


def test_a_sign_in_page_without_its_cookie_is_shown_again(console: Flask) -> None:
    page = console.test_client().get("/login").text
    form = {"login": "olena", "password": PASSWORD, "csrf_token": hidden(page, "csrf_token")}
    browser = console.test_client()
    answer = browser.post("/login", data=form)
    assert answer.status_code == 422
    assert 'value="olena"' in answer.text
    assert PASSWORD not in answer.text
    form["csrf_token"] = hidden(answer.text, "csrf_token")
    assert browser.post("/login", data=form).status_code == 303


def test_a_button_leads_back_to_its_page(console: Flask) -> None:
    page = {"Referer": "http://localhost/webhooks?q=crm"}
    answer = console.test_client().post("/webhooks/wh_1/delete", headers=page)
    assert answer.location == "/login?next=/webhooks?q%3Dcrm"


def test_passwords_are_never_kept(console: Flask) -> None:
    browser = sign_in(console, "olena")
    form = {"current_password": PASSWORD, "password": "a new one of some length"}
    answer = browser.post("/settings/account", data=form | {"csrf_token": "stale"})
    assert answer.status_code == 422
    assert "passwords are not kept" in answer.text


class Typing(HTMLParser):
    """The form of a page that is sent to an address, with something typed into every text."""

    def __init__(self, page: str, path: str, address: str) -> None:
        super().__init__()
        self._path, self._address = path, address
        self._form: dict[str, str] = {}
        self._target = self._select = ""
        self._count = 0
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form, self._target = {}, given.get("action") or self._path
        if self._address in (given.get("formaction"), self._target):
            self.fields = self._form
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "select":
            self._select = name
        if tag == "option" and ("selected" in given or self._select not in self._form):
            self._form[self._select] = given.get("value", "")
        is_chosen = kind not in ("checkbox", "radio") or "checked" in given
        if not name or tag not in ("input", "textarea") or not is_chosen:
            return
        is_text = tag == "textarea" or kind in ("text", "url", "search", "email")
        is_text = is_text and name != "tls_key"  # write-only, as every secret
        self._count += is_text
        typed = f"typed-{self._count}-ї" if name != "url" else "https://typed.example/"
        self._form[name] = typed if is_text else given.get("value", "")

    @property
    def typed(self) -> dict[str, str]:
        return {name: text for name, text in self.fields.items() if "typed" in text}


PASSWORDS_AND_CODES = {"auth.login", "auth.setup", "account_link.use", "account.show"}
PASSWORDS_AND_CODES.add("account_link.ask")  # which strangers post: nothing ends
PASSWORDS_AND_CODES |= {"second_factor.ask", "second_factor.show", "second_factor.remove"}


def test_every_form_keeps_what_was_typed(console: Flask) -> None:
    """After the session has ended, and with the token of a session before."""
    console.config.update(can_mail(1))  # nothing is e-mailed here
    browser = sign_in(console, "olena")
    channel = opened(browser, "/channels/new") | CHANNEL
    browser.post("/channels/new", data=channel)
    with console.app_context():
        made = Channel.by_key("sales")
        assert made
        edited = f"/channels/{made.public_id}/edit"
    own = browser.post("/webhooks/new", data=opened(browser, "/webhooks/new") | WEBHOOK).location
    source = browser.post("/sources/new", data=opened(browser, "/sources/new") | {"name": "Acme"})
    forms = [
        *("/channels/new", edited, "/webhooks/new", f"{own}/edit", f"{own}/recover"),
        *("/sources/new", f"{source.location}/edit", "/deliveries/recover"),
        *("/settings/tokens/new", "/settings/users/new"),
    ]
    sent = [(path, path) for path in forms]
    sent += [("/webhooks/new", "/webhooks/test"), ("/webhooks/new", "/webhooks/filters")]
    sent += [("/webhooks/new", "/webhooks/template")]
    sent += [(own, f"{own}/test"), (f"{own}/verify", f"{own}/verify")]
    sent += [("/settings/account", f"/settings/account/{name}") for name in ("timezone", "email")]
    sent += [("/settings/configuration", "/settings/configuration/review")]
    sent += [("/settings/users/1", "/settings/users/1/role")]
    urls, seen = console.url_map.bind("localhost"), set[str]()
    for page, address in sent:
        browser = sign_in(console, "olena")
        form = Typing(browser.get(page).text, page, address)
        stale = browser.post(address, data=form.fields | {"csrf_token": "stale"})
        end_sessions(console, browser)
        answer = browser.post(address, data=form.fields)
        back = post_on(
            browser, enter(browser, answer), {"kept_form": hidden(answer.text, "kept_form")}
        )
        for shown, why in ((stale, STALE), (back, AGAIN)):
            assert shown.status_code == 422, address
            assert why in shown.text, address
            missing = [name for name, text in form.typed.items() if text not in shown.text]
            assert missing == [], address
        seen.add(urls.match(address, "POST")[0])
    views = {console.view_functions[endpoint]: endpoint for endpoint in console.view_functions}
    seen |= PASSWORDS_AND_CODES | BUTTONS | {"configuration.apply"}
    assert {views[view] for view in kept_form._views if view in views} == seen


BUTTONS = {"webhooks.pause", "webhooks.bulk"}


def test_a_button_with_fields_leads_back_to_them(console: Flask) -> None:
    browser = sign_in(console, "olena")
    form = opened(browser, "/webhooks/new") | WEBHOOK | {"enabled": "y"}
    webhook = browser.post("/webhooks/new", data=form).location.rpartition("/")[2]
    at = "2031-05-04T08:00"
    for address, fields in (
        (f"/webhooks/{webhook}/pause", {"until": "at", "at": at}),
        (
            "/webhooks/bulk?until=at",
            {"ids": webhook, "action": "pause", "at": at, "next": "/webhooks"},
        ),
    ):
        browser = sign_in(console, "olena")
        end_sessions(console, browser)
        answer = browser.post(address, data=fields)
        back = post_on(
            browser, enter(browser, answer), {"kept_form": hidden(answer.text, "kept_form")}
        )
        assert back.status_code == 303, address
        page = browser.get(back.location).text
        assert AGAIN in page
        assert f'value="{at}"' in page
        assert "bulk" not in address or f'value="{webhook}" checked' in page


def test_a_file_comes_back_as_its_text(console: Flask) -> None:
    browser = sign_in(console, "olena")
    token = hidden(browser.get("/settings/configuration").text, "csrf_token")
    end_sessions(console, browser)
    sent = {"file": (BytesIO("channels: [їжак]".encode()), "a.yaml"), "csrf_token": token}
    answer = browser.post("/settings/configuration/review", data=sent)
    back = post_on(browser, enter(browser, answer), {"kept_form": hidden(answer.text, "kept_form")})
    assert back.status_code == 422
    assert "channels: [їжак]" in back.text


def test_every_page_with_a_form_of_its_own_is_among_them(console: Flask) -> None:
    forms = {
        rule.endpoint
        for rule in console.url_map.iter_rules()
        if {"GET", "POST"} <= (rule.methods or set())
    }
    keeping = {
        endpoint for endpoint, view in console.view_functions.items() if view in kept_form._views
    }
    assert forms - keeping == set()


def test_head_is_answered_like_get(console: Flask) -> None:
    """Everywhere, for strangers and for those who are signed in."""
    strangers, olena = console.test_client(), sign_in(console, "olena")
    for rule in console.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        path = re.sub("<any.*?>", "csv", re.sub("<(?!any).*?>", "1", rule.rule))
        for browser in (strangers, olena):
            got = browser.get(path, buffered=True)
            answer = browser.head(path, buffered=True)
            assert answer.status_code == got.status_code, path
            assert not answer.data
