"""Sign-ins, refusals, exports and the reading of payloads."""

import logging
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.api.conftest import caller, issue
from tests.audit.conftest import actions, entries, only
from tests.conftest import PASSWORD, make_webhook, sign_in
from tests.log.rows import fill
from tests.support import kept_log
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.accounts import users
from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db, transaction


def log_in(app: Flask, login: str, password: str) -> int:
    browser = app.test_client()
    return browser.post("/login", data={"login": login, "password": password}).status_code


@pytest.fixture
def user(app: Flask) -> Flask:
    """The app with a user who has a password."""
    with app.app_context():
        assert users.add_user("olena", PASSWORD) == {}
    return app


def test_a_sign_in_and_a_sign_out(user: Flask) -> None:
    browser = user.test_client()
    browser.post("/login", data={"login": "olena", "password": PASSWORD})
    browser.post("/logout")
    entry, left = only(user, "user.signed_in"), only(user, "user.signed_out")
    assert (entry.actor_kind, entry.actor_name, entry.address) == ("user", "olena", "127.0.0.1")
    assert entry.session_id == left.session_id is not None


def test_refused_sign_ins_name_no_login_that_is_none(user: Flask) -> None:
    for _ in range(7):
        log_in(user, "olena", "wrong")
    log_in(user, "typed into the wrong field", "wrong")
    refused = entries(user, action="user.sign_in_refused")
    assert [entry.object_name for entry in refused] == ["olena"] * 5 + [""]
    assert {entry.actor_kind for entry in refused} == {"nobody"}
    assert only(user, "user.locked_out").object_name == "olena"  # one entry, however often
    assert "typed" not in str([vars(entry) for entry in entries(user)])


def test_a_refusal_by_role_once_a_minute(app: Flask) -> None:
    viewer = sign_in(app, "ivan", "viewer")
    for _ in range(3):
        assert viewer.post("/receiver").status_code == 403
        assert viewer.get("/settings/tokens").status_code == 403
    refused = entries(app, action="access.refused")
    assert [entry.object_id for entry in refused] == ["POST /receiver", "GET /settings/tokens"]
    assert {entry.actor_name for entry in refused} == {"ivan"}


def test_refusals_of_the_api(app: Flask) -> None:
    assert caller(app, "whui_none")("GET", "/webhooks").status_code == 401
    assert caller(app, issue(app, "events"))("GET", "/webhooks").status_code == 403
    unknown, scope = entries(app, action="access.refused")
    assert (unknown.actor_kind, unknown.object_id) == ("nobody", "GET /api/v1/webhooks")
    assert (scope.actor_kind, scope.actor_name) == ("token", "Test events")
    assert "whui_none" not in str([vars(entry) for entry in entries(app)])


@ON_BOTH_DATABASES
def test_reading_a_payload_is_one_entry_an_hour(app: Flask) -> None:
    admin, known = sign_in(app, "olena"), fill(app, 3)[0]
    call = caller(app, issue(app, "admin"))
    pages = (f"/deliveries/{known.id}", f"/events/{known.event}")
    for _ in range(2):
        for page in pages:
            assert admin.get(page).status_code == 200
            assert call("GET", page).status_code == 200
    read = entries(app, action="payload.read")
    assert len(read) == 4
    assert {(entry.actor_name, entry.object_id) for entry in read} == {
        (who, what) for who in ("olena", "Test admin") for what in (known.id, known.event)
    }
    for count, by in enumerate((timedelta(hours=1), -timedelta(days=10)), 5):  # ahead then
        with app.app_context(), kept_log.edited(), transaction():
            for entry in db.session.query(AuditEntry):
                entry.created_at -= by
        admin.get(pages[0])
        assert len(entries(app, action="payload.read")) == count


def test_a_database_that_lets_nobody_write_fails_no_reading(
    app: Flask, admin: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    known = fill(app, 3)[0]
    with app.app_context(), db.engine.connect() as other:
        other.execution_options(writes=True)
        other.execute(text("SELECT 1"))  # BEGIN IMMEDIATE: the lock is held
        with caplog.at_level(logging.WARNING, "webhooks_ui.audit"):
            assert admin.get(f"/deliveries/{known.id}").status_code == 200
    assert "Not in the audit log, the database cannot be written: payload.read" in caplog.text
    assert entries(app, action="payload.read") == []
    admin.get(f"/deliveries/{known.id}")
    assert only(app, "payload.read").object_id == known.id


def test_downloads(app: Flask, admin: FlaskClient) -> None:
    known = fill(app, 3)[0]
    make_webhook(admin)
    assert admin.get("/deliveries.csv?status=failed").status_code == 200
    assert admin.get("/deliveries.ndjson").status_code == 200
    assert admin.get(f"/events/{known.event}/data").data == b"{}"
    csv, ndjson = entries(app, action="delivery.exported")
    assert csv.details == {"format": "csv", "filter": {"status": "failed"}}
    assert ndjson.details == {"format": "ndjson", "filter": {}}
    assert only(app, "event.downloaded").object_id == known.event
    assert "payload.read" not in actions(app)
