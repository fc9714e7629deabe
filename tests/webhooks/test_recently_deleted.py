"""Deleted webhooks: for 30 days they are listed and restored, then their secrets go."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.conftest import make_webhook, piece, sign_in, stored, webhook_form
from tests.support.apps import ON_BOTH_DATABASES
from tests.webhooks.test_create import hidden
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.jobs import retention
from webhooks_ui.models import Webhook, deleted_webhooks, webhook_changes

SECRET = {"auth_type": "bearer", "auth_token": "a-token-that-comes-back"}
DAY = timedelta(days=1)


def delete(browser: FlaskClient, public_id: str) -> None:
    assert browser.post(f"/webhooks/{public_id}/delete").status_code == 303


def deleted_ago(app: Flask, public_id: str, ago: timedelta) -> None:
    with app.app_context(), transaction():
        mine = update(Webhook).where(Webhook.public_id == public_id)
        db.session.execute(mine.values(deleted_at=now() - ago))


@ON_BOTH_DATABASES
def test_it_is_listed_with_who_deleted_it_and_restored_as_it_was(
    app: Flask, admin: FlaskClient
) -> None:
    kept, gone = make_webhook(admin, name="Kept"), make_webhook(admin, name="Gone", **SECRET)
    delete(admin, gone)

    assert 'href="/webhooks/deleted"' in admin.get("/webhooks").text
    page = admin.get("/webhooks/deleted").text
    assert "Gone" in page
    assert "olena" in page.partition("<tbody")[2]
    assert f"/webhooks/{kept}" not in page
    assert admin.post(f"/webhooks/{gone}/restore").location == f"/webhooks/{gone}"
    webhook = stored(app, gone)
    assert webhook.authorization(app.extensions["vault"]) == Bearer("a-token-that-comes-back")
    assert webhook.enabled
    assert "Nothing was deleted" in admin.get("/webhooks/deleted").text


def test_the_last_deleted_stands_first_and_pages_go_on(app: Flask, admin: FlaskClient) -> None:
    for number in range(26):
        public_id = make_webhook(admin, name=f"Hook {number:02}")
        delete(admin, public_id)
        deleted_ago(app, public_id, (26 - number) * DAY / 24)
    names = re.compile(r"<bdi>(Hook \d\d)</bdi></b>")
    first, last = (names.findall(admin.get(f"/webhooks/deleted?page={n}").text) for n in (1, 9))
    assert first == [f"Hook {number:02}" for number in range(25, 0, -1)]
    assert last == ["Hook 00"]


def test_after_thirty_days_it_is_gone(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    delete(admin, public_id)
    deleted_ago(app, public_id, 29.9 * DAY)
    assert "CRM" in admin.get("/webhooks/deleted").text
    deleted_ago(app, public_id, 30 * DAY)
    assert "CRM" not in admin.get("/webhooks/deleted").text
    assert admin.post(f"/webhooks/{public_id}/restore").status_code == 404


@ON_BOTH_DATABASES
def test_pruning_erases_the_secrets_and_leaves_the_name_to_the_log(
    app: Flask, admin: FlaskClient
) -> None:
    old, logged, young = (make_webhook(admin, name=n, **SECRET) for n in ("old", "log", "young"))
    tested = admin.post(f"/webhooks/{logged}/test", data={"event": "message_created"})
    assert tested.status_code == 303
    for public_id, ago in ((old, 31 * DAY), (logged, 31 * DAY), (young, 29 * DAY)):
        delete(admin, public_id)
        deleted_ago(app, public_id, ago)
    with app.app_context():
        # A short retention does not shorten the time for restoring.
        list(retention.prune(timedelta(days=365), now()))
        left = {w.public_id: w for w in db.session.scalars(db.select(Webhook))}
        assert left.keys() == {logged, young}
        row = db.session.execute(
            db.select(Webhook.__table__).where(Webhook.public_id == logged)
        ).one()
        encrypted = [name for name in row._fields if name.endswith(("secret", "tls_key"))]
        assert len(encrypted) == 4
        assert not any(getattr(row, name) for name in encrypted)
        assert left[young].auth_secret
        list(retention.prune(timedelta(hours=1), now() + timedelta(hours=2)))
        assert [w.public_id for w in db.session.scalars(db.select(Webhook))] == [young]
    assert admin.get("/webhooks/deleted").status_code == 200


def test_its_address_offers_to_restore_it(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    delete(admin, public_id)
    for path in (f"/webhooks/{public_id}", f"/webhooks/{public_id}/edit"):
        answer = admin.get(path)
        assert answer.status_code == 404
        assert f'action="/webhooks/{public_id}/restore"' in answer.text
    viewer = sign_in(app, "guest", "viewer")
    assert "/restore" not in viewer.get(f"/webhooks/{public_id}").text
    assert "Restore</button" not in viewer.get("/webhooks/deleted").text


def opened(browser: FlaskClient, public_id: str, **typed: str) -> dict[str, object]:
    """The form with something typed, as another tab has it while the webhook is deleted."""
    page = browser.get(f"/webhooks/{public_id}/edit").text
    fields = {"draft": hidden(page, "draft"), "version": hidden(page, "version")}
    return webhook_form(**fields, webhook=public_id, event="message_created") | typed


def test_a_form_under_which_it_was_deleted_stays_and_offers_undo(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = make_webhook(admin)
    path = f"/webhooks/{public_id}/edit"
    form = opened(admin, public_id, name="Typed meanwhile", auth_type="bearer", auth_token="t" * 9)
    delete(admin, public_id)

    answer = admin.post(path, data=form)
    assert answer.status_code == 422
    assert "This webhook was deleted while it was open here." in answer.text
    assert 'value="Typed meanwhile"' in answer.text

    form |= {"draft": hidden(answer.text, "draft"), "auth_token": ""}
    back = admin.post(path, data=form | {"undo": "1"})
    assert "The webhook is restored." in back.text
    assert 'value="Typed meanwhile"' in back.text
    assert stored(app, public_id).name == "CRM"

    form |= {key: hidden(back.text, key) for key in ("draft", "version")}
    assert admin.post(path, data=form).status_code == 303
    webhook = stored(app, public_id)
    assert webhook.name == "Typed meanwhile"
    assert webhook.authorization(app.extensions["vault"]) == Bearer("t" * 9)


def test_a_form_under_which_somebody_else_deleted_it_is_saved_after_undo(
    app: Flask, admin: FlaskClient
) -> None:
    public_id = make_webhook(admin)
    form = opened(admin, public_id, name="Typed meanwhile")
    delete(sign_in(app, "ivan", "editor"), public_id)
    path = f"/webhooks/{public_id}/edit"
    back = admin.post(path, data=form | {"undo": "1"})
    form |= {key: hidden(back.text, key) for key in ("draft", "version")}
    assert admin.post(path, data=form).status_code == 303
    assert stored(app, public_id).name == "Typed meanwhile"


def test_undo_does_not_hide_what_somebody_else_changed(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    form = opened(admin, public_id, name="Mine")
    taras = sign_in(app, "taras")
    theirs = opened(taras, public_id, name="Theirs")
    assert taras.post(f"/webhooks/{public_id}/edit", data=theirs).status_code == 303
    delete(taras, public_id)

    back = admin.post(f"/webhooks/{public_id}/edit", data=form | {"undo": "1"})
    form |= {key: hidden(back.text, key) for key in ("draft", "version")}
    answer = admin.post(f"/webhooks/{public_id}/edit", data=form)
    assert answer.status_code == 422
    assert 'id="conflict"' in answer.text


def test_a_test_from_such_a_form_shows_it_again(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    form = opened(admin, public_id, name="Typed meanwhile")
    delete(admin, public_id)
    answer = piece(admin, "POST", "/webhooks/test", data=form)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "body"
    assert 'value="Typed meanwhile"' in answer.text


@pytest.mark.parametrize("gone", [False, True])
def test_restoring_is_once(app: Flask, admin: FlaskClient, gone: bool) -> None:
    public_id = make_webhook(admin)
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        if gone:
            webhook_changes.delete(webhook, None)
        webhook_changes.restore(webhook, None)
        version = webhook.version
        webhook_changes.restore(webhook, None)
        assert webhook.version == version
        assert deleted_webhooks.by_public_id(public_id) is None
