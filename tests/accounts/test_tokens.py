"""API tokens on their pages: made, shown once, listed and revoked, by administrators alone."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.api.conftest import caller
from tests.conftest import sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Token

FORM = {"name": "Platform", "scope": "events", "expires": "90"}
EVENT = {"type": "message_created", "data": {}}


def make(browser: FlaskClient, **changes: str) -> str:
    """Makes a token by the form; the page after it."""
    answer = browser.post("/settings/tokens/new", data=FORM | changes)
    assert (answer.status_code, answer.location) == (303, "/settings/tokens"), answer.text
    return browser.get("/settings/tokens").text


def shown(page: str) -> str:
    found = re.search(r'<code id="new-token">(whui_[\w-]+)</code>', page)
    assert found
    return found[1]


def only(app: Flask) -> Token:
    with app.app_context():
        (token,) = Token.newest_first()
        db.session.expunge_all()
        return token


@ON_BOTH_DATABASES
def test_a_token_is_made_used_and_revoked(app: Flask) -> None:
    admin = sign_in(app, "olena")
    call = caller(app, shown(make(admin)))

    assert call("POST", "/events", EVENT).status_code == 202
    assert call("GET", "/webhooks").status_code == 403
    page = admin.get("/settings/tokens").text
    assert "Platform" in page
    assert "from 127.0.0.1" in page
    assert "by <bdi>olena</bdi>" in page

    token = only(app)
    asked = admin.get(f"/settings/tokens/{token.public_id}/revoke").text
    assert "Revoke “<bdi>Platform</bdi>”?" in html.unescape(asked)
    answer = admin.post(f"/settings/tokens/{token.public_id}/revoke")
    assert (answer.status_code, answer.location) == (303, "/settings/tokens")
    assert "Token “Platform” revoked." in admin.get("/settings/tokens").text
    assert call("POST", "/events", EVENT).status_code == 401


def test_its_text_is_shown_once_and_nowhere_kept(app: Flask, admin: FlaskClient) -> None:
    admin.post("/settings/tokens/new", data=FORM)
    with admin.session_transaction() as cookie:
        sealed = cookie["new_token"]
    text = shown(admin.get("/settings/tokens").text)
    assert text not in sealed
    assert text not in admin.get("/settings/tokens").text
    with app.app_context():
        assert text not in str(db.session.execute(select(Token.__table__)).all())


def test_an_expired_token_is_refused_and_stays_in_the_list(app: Flask, admin: FlaskClient) -> None:
    call = caller(app, shown(make(admin)))
    assert only(app).expires_at is not None
    with app.app_context(), transaction():
        (token,) = Token.newest_first()
        token.expires_at = now() - timedelta(seconds=1)

    answer = call("POST", "/events", EVENT)

    assert answer.status_code == 401
    assert "expired" in answer.json["detail"]
    assert "Expired" in admin.get("/settings/tokens").text


def test_it_may_have_no_end(app: Flask, admin: FlaskClient) -> None:
    make(admin, expires="never")
    assert only(app).expires_at is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "a" * 201}, "Shorten the name to 200 characters."),
        ({"name": "a\x01b"}, "Remove line breaks and control characters"),
        ({"scope": "all"}, "Choose what the token may do."),
        ({"expires": "5"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_one_is_refused(
    app: Flask, admin: FlaskClient, changes: dict[str, str], said: str
) -> None:
    answer = admin.post("/settings/tokens/new", data=FORM | changes)
    assert answer.status_code == 422
    assert said in answer.text
    with app.app_context():
        assert Token.newest_first() == []


def test_a_second_click_finds_it_revoked(admin: FlaskClient) -> None:
    assert admin.post("/settings/tokens/tok_none/revoke").status_code == 303
    assert admin.get("/settings/tokens/tok_none/revoke").status_code == 404


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_others_see_no_tokens_and_no_way_to_them(app: Flask, role: str) -> None:
    browser = sign_in(app, "guest", role=role)
    for page in ("/settings/tokens", "/settings/tokens/new"):
        assert browser.get(page).status_code == 403
    assert browser.post("/settings/tokens/new", data=FORM).status_code == 403
    assert 'href="/settings/tokens"' not in browser.get("/settings/account").text
    with app.app_context():
        assert Token.newest_first() == []
