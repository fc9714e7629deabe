"""The first administrator, behind the one-time link."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import enter, setup_link
from tests.conftest import PASSWORD
from webhooks_ui.database.engine import db
from webhooks_ui.models import User


def users(app: Flask) -> list[User]:
    with app.app_context():
        return list(db.session.scalars(db.select(User)))


def test_without_a_user_every_page_leads_to_how_to_go_on(client: FlaskClient) -> None:
    answer = client.get("/webhooks", follow_redirects=True)
    assert answer.status_code == 200
    assert "/setup?token=" in answer.text
    assert 'name="password"' not in answer.text


@pytest.mark.parametrize("url", ["/setup", "/setup?token=", "/setup?token=wrong", "/setup?token=є"])
def test_without_the_link_nobody_is_made(app: Flask, client: FlaskClient, url: str) -> None:
    seen = client.get(url)
    sent = enter(client, url=url)
    assert (seen.status_code, sent.status_code) == (403, 403)
    assert 'name="password"' not in seen.text
    assert users(app) == []


def test_a_sign_in_before_the_set_up_counts_for_nothing(app: Flask, client: FlaskClient) -> None:
    assert "/setup?token=" in enter(client).text
    assert users(app) == []


def test_the_link_makes_the_administrator_and_signs_in(app: Flask, client: FlaskClient) -> None:
    assert 'autocomplete="new-password"' in client.get(setup_link(app)).text

    answer = enter(client, " Olena ", url=setup_link(app))

    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert [(user.login, user.role) for user in users(app)] == [("olena", "admin")]
    assert users(app)[0].password_hash.startswith("$argon2id$")
    assert client.get("/webhooks").status_code == 200


def test_the_link_works_once(app: Flask, client: FlaskClient) -> None:
    enter(client, url=setup_link(app))
    other = app.test_client()

    seen = other.get(setup_link(app))
    sent = enter(other, "taras", url=setup_link(app))

    assert (seen.status_code, seen.location) == (303, "/login")
    assert (sent.status_code, sent.location) == (303, "/login")
    assert [user.login for user in users(app)] == ["olena"]
    assert other.get("/webhooks").status_code == 303


@pytest.mark.parametrize(
    ("login", "password", "words"),
    [
        ("", PASSWORD, "Enter a login."),
        ("o" * 101, PASSWORD, "Use at most 100 characters."),
        ("ole\x01na", PASSWORD, "Use visible characters only."),
        ("ole\u200bna", PASSWORD, "Use visible characters only."),
        ("olena", "", "Use at least 12 characters."),
        ("olena", "elevenchars", "Use at least 12 characters."),
        ("olena", "x y " * 65, "Use at most 256 characters."),
        ("olena", "password1234", "This is easy to guess."),
        ("olena.koval", "Olena.Koval1", "This is easy to guess."),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field(
    app: Flask, client: FlaskClient, login: str, password: str, words: str
) -> None:
    answer = enter(client, login, password, url=setup_link(app))
    assert answer.status_code == 422
    assert words in answer.text
    assert not password or f'value="{password}"' not in answer.text
    assert users(app) == []


LONG = "".join(chr(33 + n * n * 7 % 94) for n in range(128))


@pytest.mark.parametrize("password", ["їжак пише листи 7", "🦔 🦔 борщ! <b>\"'&", LONG])
def test_any_characters_make_a_password(app: Flask, client: FlaskClient, password: str) -> None:
    assert enter(client, password=password, url=setup_link(app)).status_code == 303
    assert enter(app.test_client(), password=password).status_code == 303
