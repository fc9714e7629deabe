"""What was typed survives the session: sign in, and be back in the form, one click from saving."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import add
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
STALE = "You signed in anew since this page was opened."


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
    form = opened(browser, "/webhooks/new") | WEBHOOK
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


def test_every_page_with_a_form_keeps_what_was_typed(console: Flask) -> None:
    """Walks all pages that show a form at the URL that takes it."""
    forms = {
        rule.endpoint
        for rule in console.url_map.iter_rules()
        if {"GET", "POST"} <= (rule.methods or set())
    }
    keeping = {
        endpoint for endpoint, view in console.view_functions.items() if view in kept_form._views
    }
    assert forms - keeping == set()


@pytest.mark.parametrize("path", ["/login", "/webhooks/new", "/channels/new", "/settings/account"])
def test_head_is_answered_like_get(console: Flask, path: str) -> None:
    browser = console.test_client() if path == "/login" else sign_in(console, "olena")
    answer = browser.head(path)
    assert answer.status_code == 200
    assert not answer.data
