"""Signing in, and how long it lasts."""

import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from tests.accounts.conftest import add, at_once, enter
from tests.conftest import PASSWORD, piece, session_cookie
from webhooks_ui.accounts import passwords
from webhooks_ui.database import engine
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import User, UserSession
from webhooks_ui.models.user import NO_PASSWORD

pytestmark = pytest.mark.usefixtures("olena")


def sessions(app: Flask) -> list[UserSession]:
    with app.app_context():
        return list(db.session.scalars(select(UserSession).order_by(UserSession.id)))


def age(app: Flask, **columns: timedelta) -> None:
    """Moves moments of every session into the past."""
    moments: dict[str, Any] = {name: now() - by for name, by in columns.items()}
    with app.app_context(), transaction():
        db.session.execute(update(UserSession).values(**moments))


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/webhooks").status_code == 200


@pytest.mark.parametrize("login", ["olena", " OLENA "])
def test_login_and_password_open_the_console(app: Flask, client: FlaskClient, login: str) -> None:
    answer = enter(client, login, headers={"User-Agent": "Browser/1.0 (X11)"})

    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert is_in(client)
    (kept,) = sessions(app)
    assert (kept.address, kept.user_agent) == ("127.0.0.1", "Browser/1.0 (X11)")


@pytest.mark.parametrize(("login", "password"), [("", ""), (" ", PASSWORD), ("olena", "")])
def test_what_is_missing_is_said_at_the_field(
    client: FlaskClient, login: str, password: str
) -> None:
    answer = enter(client, login, password)
    assert answer.status_code == 422
    assert ("Enter your login." in answer.text) == (not login.strip())
    assert ("Enter your password." in answer.text) == (not password)


def test_an_unknown_login_and_a_wrong_password_look_the_same(client: FlaskClient) -> None:
    wrong = enter(client, "olena", "not the password")
    unknown = enter(client, "taras", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    assert "Wrong login or password" in wrong.text
    assert without_csrf(wrong.text).replace("olena", "taras") == without_csrf(unknown.text)
    assert "not the password" not in wrong.text
    assert not is_in(client)


@pytest.mark.parametrize("login", ["taras", "ivan"])
def test_an_unknown_login_takes_as_long_and_so_does_one_without_a_password(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    add(app, "ivan", NO_PASSWORD)
    hasher = Mock(wraps=passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    assert enter(client, login).status_code == 422
    ((hashed, _password), _named) = hasher.verify.call_args
    assert hashed == passwords._UNMATCHED


def test_a_password_may_come_from_any_keyboard(app: Flask, client: FlaskClient) -> None:
    add(app, "марія", passwords.hash_password("їжак йде додому"))
    composed = {"login": "МАРІЯ", "password": "їжак йде додому"}
    apart = {name: unicodedata.normalize("NFD", value) for name, value in composed.items()}
    assert enter(client, **apart).status_code == 303


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/channels", "/channels"),
        ("/webhooks?q=a%26b", "/webhooks?q=a&b"),
        ("//evil.example/", "/webhooks"),
        ("https://evil.example/", "/webhooks"),
        ("/\\evil.example", "/webhooks"),
        ("javascript:alert(1)", "/webhooks"),
        ("/logout", "/webhooks"),
        ("", "/webhooks"),
    ],
)
def test_one_goes_on_to_where_one_wanted_but_stays_here(
    client: FlaskClient, wanted: str, reached: str
) -> None:
    url = f"/login?next={wanted}"
    assert enter(client, url=url).location == reached
    assert client.get(url).location == reached  # signed in already


def test_a_page_behind_the_wall_comes_back_after_signing_in(client: FlaskClient) -> None:
    asked = client.get("/webhooks?status=failing")
    assert asked.status_code == 303
    assert enter(client, url=asked.location).location == "/webhooks?status=failing"


def test_htmx_leaves_the_page_for_the_sign_in(client: FlaskClient) -> None:
    current = {"HX-Current-URL": "http://localhost/webhooks?q=crm"}
    answer = piece(client, "GET", "/webhooks", headers=current)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/login?next=/webhooks?q%3Dcrm"


def test_a_sign_in_gives_a_new_session_and_ends_the_former(app: Flask, client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    enter(client)
    with client.session_transaction() as cookie:
        first = cookie["_user_id"]
        assert "planted" not in cookie
    enter(client)
    with client.session_transaction() as cookie:
        second = cookie["_user_id"]

    assert first != second
    assert len(sessions(app)) == 1
    assert second not in {kept.token_hash for kept in sessions(app)}


def test_a_new_csrf_token_comes_with_the_sign_in(
    make_app: Callable[..., Flask], password_hash: str
) -> None:
    browser = make_app(WTF_CSRF_ENABLED=True).test_client()
    before = csrf_token(browser, "/login")
    form = {"login": "olena", "password": PASSWORD}

    assert browser.post("/login", data=form).status_code == 422
    assert browser.post("/login", data={**form, "csrf_token": before}).status_code == 303

    after = csrf_token(browser, "/logout")
    browser.post("/logout", data={"csrf_token": before})
    assert browser.get("/webhooks").status_code == 200  # signed in still
    assert browser.post("/logout", data={"csrf_token": after}).status_code == 303


def without_csrf(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def csrf_token(browser: FlaskClient, url: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(url).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("column", "limit"),
    [("last_seen_at", timedelta(hours=12)), ("created_at", timedelta(days=30))],
)
def test_a_session_ends_by_itself(
    app: Flask, client: FlaskClient, column: str, limit: timedelta
) -> None:
    enter(client)
    age(app, **{column: limit - timedelta(minutes=1)})
    assert is_in(client)
    age(app, **{column: limit + timedelta(seconds=1)})
    assert not is_in(client)
    assert "Your session expired." in client.get("/login").text


def test_signing_in_clears_away_what_has_ended(app: Flask, client: FlaskClient) -> None:
    enter(app.test_client())
    age(app, last_seen_at=timedelta(hours=13))
    enter(client)
    assert len(sessions(app)) == 1


def test_a_forged_or_unknown_token_is_nobody(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secrets.token_urlsafe(32)
    assert not is_in(client)
    client.set_cookie(session_cookie(client), "eyJfdXNlcl9pZCI6IjEifQ.forged.forged")
    assert not is_in(client)


def test_a_former_hash_is_renewed(app: Flask, client: FlaskClient) -> None:
    former = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    add(app, "taras", former)
    assert enter(client, "taras").status_code == 303
    with app.app_context():
        user = User.by_login("taras")
        assert user
        assert not passwords.is_outdated(user.password_hash)
        assert passwords.verify(user.password_hash, PASSWORD)


def test_a_password_changed_meanwhile_lets_nobody_in(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    def slow(kept: str | None, password: str) -> bool:
        with app.app_context(), transaction():
            db.session.execute(update(User).values(password_hash="changed"))
        return verify(kept, password)

    monkeypatch.setattr(passwords, "verify", slow)
    assert enter(client).status_code == 422
    assert sessions(app) == []


@pytest.mark.usefixtures("patient")
def test_several_browsers_sign_in_at_once(app: Flask) -> None:
    answers = at_once(4, lambda _: enter(app.test_client()))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len(sessions(app)) == 4


def test_being_seen_is_noted_once_a_minute(app: Flask, client: FlaskClient) -> None:
    enter(client)
    age(app, last_seen_at=timedelta(seconds=50))
    client.get("/webhooks")
    assert now() - sessions(app)[0].last_seen_at > timedelta(seconds=49)
    for by in (timedelta(seconds=70), -timedelta(days=10)):  # the clock was ahead
        age(app, last_seen_at=by)
        client.get("/webhooks")
        assert abs(now() - sessions(app)[0].last_seen_at) < timedelta(seconds=40)


def test_a_busy_database_makes_no_page_wait_or_fail(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(seconds=40))
    enter(client)
    age(app, last_seen_at=timedelta(minutes=5))
    with app.app_context(), transaction():
        begun = time.monotonic()
        assert is_in(client)
        assert time.monotonic() - begun < 30  # a writer would wait for 40 seconds
    assert now() - sessions(app)[0].last_seen_at > timedelta(minutes=4)
    is_in(client)
    assert now() - sessions(app)[0].last_seen_at < timedelta(minutes=1)


def test_a_lost_database_is_said_on_a_page(app: Flask, client: FlaskClient) -> None:
    enter(client)
    with app.app_context(), transaction():
        db.session.execute(text("ALTER TABLE sessions RENAME TO lost"))
    answer = client.get("/webhooks")
    assert answer.status_code == 503
    assert "database is busy or out of reach" in answer.text
