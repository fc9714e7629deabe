"""Changes: who, what, before and after, in the transaction of the change itself."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.audit.conftest import entries, only
from tests.conftest import make_webhook, sign_in, stored, webhook_form
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import AccountLink, Channel, Receiver, User, Webhook

BEARER = {"auth_type": "bearer", "auth_token": "secret-one"}


def edit(browser: FlaskClient, own: str, **changes: object) -> None:
    form = webhook_form(**BEARER | {"auth_token": ""}) | changes
    version = stored(browser.application, own).version
    answer = browser.post(f"/webhooks/{own}/edit", data=form | {"version": version})
    assert answer.status_code == 303, answer.text


@ON_BOTH_DATABASES
def test_a_change_says_who_what_from_where_before_and_after(app: Flask) -> None:
    admin = sign_in(app, "olena")
    own = make_webhook(admin, **BEARER)
    edit(admin, own, url="https://crm.example/new", events=["message_created", "message_updated"])

    made, changed = only(app, "webhook.created"), only(app, "webhook.changed")
    for entry in (made, changed):
        assert (entry.actor_kind, entry.actor_name) == ("user", "olena")
        assert entry.session_id is not None
        assert entry.address == "127.0.0.1"
        assert (entry.object_kind, entry.object_id, entry.object_name) == ("webhook", own, "CRM")
    assert made.changes is not None
    assert made.changes["url"] == [None, "https://crm.example/hook"]
    assert changed.changes == {
        "url": ["https://crm.example/hook", "https://crm.example/new"],
        "subscriptions": [["message_created"], ["message_created", "message_updated"]],
    }


def test_a_secret_is_said_to_have_changed_and_nothing_else(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin, **BEARER)
    edit(admin, own)
    assert entries(app, action="webhook.changed") == []  # it was only encrypted again
    edit(admin, own, auth_token="secret-two")
    assert only(app, "webhook.changed").changes == {"auth_secret": None}

    admin.post(f"/webhooks/{own}/rotate-secret")
    assert only(app, "webhook.secret_rotated").changes == {"signing_secret": None}
    kept = str([vars(entry) for entry in entries(app)])
    for secret in ("secret-one", "secret-two", "v1.", stored(app, own).signing_secret):
        assert secret not in kept


def test_a_column_that_nobody_declared_is_not_told(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(Channel.__audited__.told, "name")
    with app.app_context(), transaction():
        db.session.add(channel := Channel(key="4", name="A secret"))
    with app.app_context(), transaction():
        found = db.session.merge(channel)
        found.name = "Another secret"
    assert only(app, "channel.changed").changes == {"name": None}


def test_the_verbs_of_a_webhook(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    for verb in ("disable", "enable", "delete", "restore"):
        admin.post(f"/webhooks/{own}/{verb}")
        admin.post(f"/webhooks/{own}/{verb}")  # a second click changes nothing
    assert [entry.action for entry in entries(app, object_kind="webhook")] == [
        "webhook.created",
        "webhook.disabled",
        "webhook.enabled",
        "webhook.deleted",
        "webhook.restored",
    ]


def test_what_was_overwritten_unread_has_its_former_value(app: Flask) -> None:
    with app.app_context(), transaction():
        db.session.add(User(login="ivan", password_hash="-", role="viewer"))
    with app.app_context(), transaction():
        user = User.by_login("ivan")
        assert user is not None
        db.session.expire(user)
        user.role = "admin"
    assert only(app, "user.changed").changes == {"role": ["viewer", "admin"]}


def test_what_is_rolled_back_leaves_no_entry(app: Flask) -> None:
    with app.app_context():
        with suppress(ZeroDivisionError), transaction():
            db.session.add(Channel(key="4", name="Four"))
            db.session.flush()
            raise ZeroDivisionError
        with transaction():
            db.session.add(Channel(key="5", name="Five"))
    assert [entry.object_name for entry in entries(app, object_kind="channel")] == ["Five"]


def test_a_long_text_is_cut(app: Flask) -> None:
    with app.app_context(), transaction():
        webhook = Webhook(public_id="wh_1", url="https://crm.example/" + "a" * 2000)
        webhook.signing_secret = webhook.search_text = "-"
        db.session.add(webhook)
    changes = only(app, "webhook.created").changes
    assert changes is not None
    assert len(changes["url"][1]) == 1001


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    "make",
    [
        lambda: AccountLink(token_hash="a", role="viewer", expires_at=now()),
        lambda: Receiver(token="a", url="http://127.0.0.1/receiver/a"),
    ],
    ids=["invitation", "receiver"],
)
def test_the_next_of_a_kind_has_another_id(app: Flask, make: Callable[[], Any]) -> None:
    for _ in range(2):
        with app.app_context():
            with transaction():
                db.session.add(one := make())
            with transaction():
                db.session.delete(one)
    first, second = (one.object_id for one in entries(app) if one.action.endswith(".created"))
    assert first != second
