"""Adding a channel."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.channels.conftest import FORM, add, find
from tests.conftest import sign_in
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel


def test_a_channel_is_added(app: Flask, admin: FlaskClient) -> None:
    answer = admin.post("/channels/new", data=FORM)
    assert (answer.status_code, answer.location) == (303, "/channels")
    assert "Channel “Telegram sales” added." in admin.get("/channels").text
    assert find(app, "telegram-sales").snapshot == FORM


def test_what_is_typed_is_trimmed(app: Flask, admin: FlaskClient) -> None:
    admin.post("/channels/new", data={"key": "  4 ", "name": " Пошта ", "kind": "email"})
    assert find(app, "4").snapshot == {"key": "4", "name": "Пошта", "kind": "email"}


@pytest.mark.parametrize("key", ["4", "A-z_0.9", "x" * 100])
def test_keys_that_are_taken(app: Flask, admin: FlaskClient, key: str) -> None:
    add(admin, app, key=key)
    assert find(app, key).key == key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": ""}, "Enter the key that events use for this channel."),
        ({"key": "x" * 101}, "Shorten the key to 100 characters."),
        ({"key": "a b"}, "Use only Latin letters"),
        ({"key": "продажі"}, "Use only Latin letters"),
        ({"key": "a/b"}, "Use only Latin letters"),
        ({"key": "a\nb"}, "Use only Latin letters"),
        ({"key": "٣"}, "Use only Latin letters"),
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 201}, "Shorten the name to 200 characters."),
        ({"name": "a\x01b"}, "Remove line breaks and control characters"),
        ({"kind": "pigeon"}, "Choose one of the kinds in the list."),
    ],
)
def test_what_cannot_be_taken_is_said_at_the_field(
    app: Flask, admin: FlaskClient, changes: dict[str, str], words: str
) -> None:
    answer = admin.post("/channels/new", data=FORM | changes)
    assert answer.status_code == 422
    assert answer.text.count(words) == 2  # in the summary and at the field
    with app.app_context():
        assert Channel.choices() == []


def test_an_empty_form_says_all_that_is_missing(admin: FlaskClient) -> None:
    answer = admin.post("/channels/new", data={})
    assert answer.status_code == 422
    assert "Fix 2 problems" in answer.text


def test_a_key_in_use_names_the_channel_that_has_it(app: Flask, admin: FlaskClient) -> None:
    holder = add(admin, app)
    answer = admin.post("/channels/new", data=FORM | {"name": "Another"})
    assert answer.status_code == 422
    assert "The channel “Telegram sales” has this key." in answer.text
    assert f"/channels/{holder}/edit" in answer.text
    assert 'value="Another"' in answer.text


def test_a_viewer_may_not(app: Flask) -> None:
    viewer = sign_in(app, "guest", role="viewer")
    assert viewer.post("/channels/new", data=FORM).status_code == 403
    with app.app_context():
        assert db.session.scalars(db.select(Channel)).all() == []
