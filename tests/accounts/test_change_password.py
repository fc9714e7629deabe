"""Changing one's own password."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import enter
from tests.conftest import PASSWORD, session_cookie, sign_in
from webhooks_ui.accounts import passwords, users
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import User

NEW = "purple monkey dishwasher lamp"


@pytest.fixture
def olena(app: Flask) -> FlaskClient:
    """A browser in which `olena`, whose password is `PASSWORD`, is signed in."""
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    return sign_in(app, "olena")


def change(browser: FlaskClient, current: str, new: str) -> TestResponse:
    form = {"current_password": current, "password": new}
    return browser.post("/settings/account", data=form)


def test_the_new_password_counts_from_then_on(app: Flask, olena: FlaskClient) -> None:
    answer = change(olena, PASSWORD, NEW)

    assert (answer.status_code, answer.location) == (303, "/settings/account")
    assert "Password changed." in olena.get("/settings/account").text
    assert enter(app.test_client(), password=PASSWORD).status_code == 422
    assert enter(app.test_client(), password=NEW).status_code == 303


def test_other_browsers_are_signed_out_and_this_one_gets_a_new_session(
    app: Flask, olena: FlaskClient
) -> None:
    other = sign_in(app, "olena")
    before = olena.get_cookie(session_cookie(olena))

    change(olena, PASSWORD, NEW)

    assert olena.get("/webhooks").status_code == 200
    assert other.get("/webhooks").status_code == 303
    thief = app.test_client()
    assert before
    thief.set_cookie(session_cookie(thief), before.value)
    assert thief.get("/webhooks").status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("", NEW, "Enter your current password."),
        ("not the password", NEW, "This is not your current password."),
        (PASSWORD, PASSWORD, "Choose another one."),
        (PASSWORD, "short", "Use at least 12 characters."),
        (PASSWORD, "olenaolena12", "This is easy to guess."),
    ],
)
def test_what_cannot_be_taken_changes_nothing(
    app: Flask, olena: FlaskClient, current: str, new: str, words: str
) -> None:
    other = sign_in(app, "olena")
    answer = change(olena, current, new)

    assert answer.status_code == 422
    assert words in answer.text
    assert NEW not in answer.text
    assert other.get("/webhooks").status_code == 200
    with app.app_context():
        user = User.by_login("olena")
        assert user
        assert passwords.verify(user.password_hash, PASSWORD)


def test_guessing_the_current_password_is_slowed_down(olena: FlaskClient) -> None:
    for _ in range(5):
        assert change(olena, "not the password", NEW).status_code == 422
    answer = change(olena, PASSWORD, NEW)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 800
    assert "Wait 15 minutes" in answer.text


def test_a_viewer_may_change_the_own_password(app: Flask) -> None:
    with app.app_context():
        users.add_user("guest", PASSWORD, "viewer")
    viewer = sign_in(app, "guest")
    assert "Viewer" in viewer.get("/settings/account").text
    assert change(viewer, PASSWORD, NEW).status_code == 303


def test_a_password_set_by_the_operator_ends_every_session(app: Flask, olena: FlaskClient) -> None:
    with app.app_context():
        assert users.set_password("Olena", NEW) == {}
        assert "login" in users.set_password("taras", NEW)
        assert "password" in users.set_password("olena", "short")
    assert olena.get("/webhooks").status_code == 303
    assert enter(olena, password=NEW).status_code == 303


def test_a_role_is_given_with_a_password(app: Flask) -> None:
    with app.app_context(), transaction():
        db.session.add(User(login="taras", password_hash="-", role="viewer"))
    with app.app_context():
        assert "role" in users.set_password("taras", NEW, "king")
        users.set_password("taras", NEW)
        assert role_of("taras") == "viewer"
        users.set_password("taras", NEW, "editor")
        assert role_of("taras") == "editor"


def role_of(login: str) -> str:
    user = User.by_login(login)
    assert user
    return user.role
