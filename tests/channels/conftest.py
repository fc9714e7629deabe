"""Channels made through their form."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel

FORM = {"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"}


def add(browser: FlaskClient, app: Flask, **changes: Any) -> str:
    """Adds a channel; its public id."""
    answer = browser.post("/channels/new", data=FORM | changes)
    assert answer.status_code == 303, answer.text
    return find(app, changes.get("key", FORM["key"])).public_id


def find(app: Flask, key: str) -> Channel:
    """The channel of this key as it is in the database, detached."""
    with app.app_context():
        channel = Channel.by_key(key)
        assert channel
        db.session.expunge_all()
        return channel
