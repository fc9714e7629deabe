"""Migrations, on both databases: they make what the models say, once, whoever starts them."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import column, event, insert, inspect, select, table, text

from tests.conftest import make_webhook, sign_in
from tests.support.program import Program
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import prepare_migrations, upgrade
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.models.counters import DURATIONS

COUNTED_THEN = ("delivered", "given_up", "attempts", "failed_attempts", *DURATIONS)
EVENT = """INSERT INTO events (public_id, type, data, test, deliveries_count, occurred_at,
 created_at) VALUES ('evt_1', 'message_created', '', FALSE, 0, 0, 0)"""
DELIVERY = """INSERT INTO deliveries (id, public_id, event_id, type, test, status, claims,
 attempts_made, created_at) VALUES (:n, :id, 1, 'message_created', FALSE, :status, 1, :made, 0)"""
WEBHOOK = """INSERT INTO webhooks (public_id, name, url, search_text, auth_type, signing_secret,
 payload_format, enabled, version, created_at, updated_at, last_delivery_id)
 VALUES (:id, '', '', '', 'none', '', 'envelope', TRUE, 1, 0, 0, :n)"""

OLD_CHANNEL = """INSERT INTO channels (public_id, key, name, kind, created_at, updated_at)
 VALUES (:id, :id, :n, 'other', 0, 0)"""


@pytest.fixture
def empty_app(make_app: Callable[..., Flask], database_url: str) -> Flask:
    """An app whose database has no tables yet."""
    return make_app(DATABASE_URL=database_url)


def _is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Whether it is neither a partition nor of the search index, of which SQLite makes more."""
    others = ("event_words", "answer_words", "attempts_")
    return kind != "table" or not str(name).startswith(others)


def differences(app: Flask) -> list[object]:
    """What autogeneration would change, types and all."""
    with app.app_context(), db.engine.connect() as connection:
        options = {"compare_type": True, "include_name": _is_modelled}
        context = MigrationContext.configure(connection, opts=options)
        found = list(compare_metadata(context, db.metadata))
    if app.config["DATABASE_URL"].startswith("postgresql"):
        # Between partitions and what they refer to there is none: see migration 0031.
        return [one for one in found if getattr(one[-1], "name", "") != "fk_attempts_delivery_id"]
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_partial_indexes_have_the_conditions_that_the_models_tell(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade(empty_app)
        query = text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        made = {
            name: _plain(sql.partition(" WHERE ")[2]) for name, sql in db.session.execute(query)
        }
    told = {
        index.name: _plain(index.info.get("where", ""))
        for one in db.metadata.tables.values()
        for index in one.indexes
    }
    assert len([where for where in told.values() if where]) > 10
    assert {name: made[name] for name in told} == told


def _plain(condition: str) -> str:
    return re.sub(r"[\s()\"]+", "", condition).lower()


def test_they_make_what_the_models_say(empty_app: Flask) -> None:
    assert differences(empty_app) != []
    upgrade(empty_app)
    assert differences(empty_app) == []


def test_all_of_them_are_one_transaction_and_a_second_run_is_none(empty_app: Flask) -> None:
    commits: list[object] = []
    with empty_app.app_context():
        event.listen(db.engine, "commit", commits.append)
    assert upgrade(empty_app)
    assert len(commits) == 1  # between two of them another process that starts would come in
    assert upgrade(empty_app) is None
    assert len(commits) == 1


@pytest.mark.process
def test_two_processes_may_start_at_once(
    empty_app: Flask, database_url: str, tmp_path: Path
) -> None:
    settings = {
        "WEBHOOKS_UI_DATABASE_URL": database_url,
        "WEBHOOKS_UI_DATA_DIR": str(tmp_path / "data"),
    }
    logs = [tmp_path / f"{number}.log" for number in range(2)]
    started = [Program("migrate", environ=os.environ | settings, log=log) for log in logs]
    assert [process.wait(240) for process in started] == [0] * 2
    assert {log.read_text() for log in logs} == {"The database is up to date.\n"}
    assert differences(empty_app) == []


def test_what_senders_called_their_events_is_carried_over(empty_app: Flask) -> None:
    keys = text("SELECT key, event_public_id, deliveries FROM idempotency_keys")
    migrate(empty_app, "0003")
    with empty_app.app_context():
        with transaction():
            db.session.execute(text(_OLD_EVENT))
            db.session.execute(text(_OLD_KEY))
        flask_migrate.upgrade()
        assert db.session.execute(keys).all() == [("id:9001", "evt_1", 2)]
        db.session.rollback()
        flask_migrate.downgrade(revision="0003")
        old = text("SELECT key, event_id, fingerprint FROM idempotency_keys")
        assert db.session.execute(old).all() == [("id:9001", 7, "f")]


_OLD_EVENT = """INSERT INTO events (id, public_id, type, data, test, deliveries_count, occurred_at,
 created_at) VALUES (7, 'evt_1', 'message_created', '{}', FALSE, 2, 1, 1)"""
_OLD_KEY = """INSERT INTO idempotency_keys (key, event_id, fingerprint, created_at)
 VALUES ('id:9001', 7, 'f', 1)"""


def test_what_webhooks_are_sorted_by_follows_what_is_searched(empty_app: Flask) -> None:
    key = text("SELECT sort_key FROM webhooks")
    migrate(empty_app, "0005")
    with empty_app.app_context(), db.engine.begin() as connection:
        connection.execute(text(WEBHOOK), {"n": 1, "id": "x1"})
        connection.execute(text("UPDATE webhooks SET search_text = 'beta', sort_key = 'stale'"))
    migrate(empty_app, "0006")
    with empty_app.app_context():
        assert db.session.scalar(key) == "beta"
        with transaction():
            db.session.execute(text("UPDATE webhooks SET search_text = :t"), {"t": "г" * 101})
        assert db.session.scalar(key) == "г" * 100
        db.session.rollback()
        flask_migrate.downgrade(revision="0005")
        assert db.session.scalar(key) == "г" * 100


def test_webhooks_and_channels_come_into_the_order_of_the_alphabet(empty_app: Flask) -> None:
    names = ["Їжак", "Ілля", "Ґанок", "Гірка"]
    migrate(empty_app, "0013")
    with empty_app.app_context(), db.engine.begin() as connection:
        for number, name in enumerate(names):
            connection.execute(text(WEBHOOK), {"n": None, "id": f"x{number}"})
            facts = {"n": name, "s": name.casefold() + " м’ята", "id": f"x{number}"}
            named = "UPDATE webhooks SET name = :n, search_text = :s WHERE public_id = :id"
            connection.execute(text(named), facts)
            connection.execute(text(OLD_CHANNEL), {"n": name, "id": f"c{number}"})
    upgrade(empty_app)
    with empty_app.app_context():
        for model in (Webhook, Channel):
            found = db.session.scalars(select(model.name).order_by(model.sort_key)).all()
            assert found == names[::-1]
        assert "м'ята" in (db.session.scalar(select(Webhook.search_text)) or "")
        db.session.rollback()
        flask_migrate.downgrade(revision="0013")
        kept = text("SELECT sort_key FROM webhooks WHERE public_id = 'x2'")
        assert db.session.scalar(kept) == "ґанок м'ята"


def test_how_the_last_attempt_ended_is_taken_from_its_delivery(empty_app: Flask) -> None:
    migrate(empty_app, "0004")
    ends = [("succeeded", 1), ("failed", 3), ("pending", 1), ("delivering", 0), ("cancelled", 0)]
    with empty_app.app_context(), db.engine.begin() as connection:
        connection.execute(text(EVENT))
        for number, (status, made) in enumerate(ends, 1):
            facts = {"n": number, "id": f"x{number}", "status": status, "made": made}
            connection.execute(text(DELIVERY), facts)
            connection.execute(text(WEBHOOK), facts)
        connection.execute(text(WEBHOOK), {"n": 99, "id": "x99"})
    upgrade(empty_app)
    with empty_app.app_context():
        found = db.session.scalars(select(Webhook.last_succeeded).order_by(Webhook.public_id))
        assert [*found] == [True, False, False, None, None, None]
    migrate(empty_app, "0004", by=flask_migrate.downgrade)
    upgrade(empty_app)
    assert differences(empty_app) == []


def test_counts_by_day_are_those_of_the_hours(empty_app: Flask) -> None:
    """What a day counts beyond the hours that are left is kept in its first hour."""
    migrate(empty_app, "0006")
    day = 86_400_000
    with empty_app.app_context(), db.engine.begin() as connection:
        connection.execute(text(WEBHOOK), {"n": 1, "id": "x1"})
        for name, began, moment, attempts in (
            ("webhook_hours", "hour", 2 * day + 7_200_000, 3),
            ("webhook_hours", "hour", 2 * day + 10_800_000, 1),
            ("webhook_days", "day", 2 * day, 4),
            ("webhook_hours", "hour", 3 * day, 2),
            ("webhook_hours", "hour", 3 * day + 3_600_000, 2),
            ("webhook_days", "day", 3 * day, 7),
            ("webhook_days", "day", day, 9),
        ):
            row = {"webhook_id": 1, began: moment} | dict.fromkeys(COUNTED_THEN, attempts)
            connection.execute(insert(table(name, *map(column, row))).values(row))
        past = "INSERT INTO webhook_pasts (webhook_id, hour, counts) VALUES (1, 0, '[]')"
        connection.execute(text(past))
        job = "INSERT INTO chores (name, held_until, done_at) VALUES (:name, 0, 0)"
        connection.execute(text(job), [{"name": "past"}, {"name": "prune"}])
    upgrade(empty_app)
    hours = text("SELECT hour, attempts, took_11 FROM webhook_hours ORDER BY hour")
    kept = [(day, 9, 9), (2 * day + 7_200_000, 3, 3), (2 * day + 10_800_000, 1, 1)]
    kept += [(3 * day, 5, 5), (3 * day + 3_600_000, 2, 2)]
    with empty_app.app_context():
        assert db.session.execute(hours).all() == kept
        assert db.session.scalars(text("SELECT name FROM chores")).all() == ["prune"]
        assert {"webhook_days", "webhook_pasts"}.isdisjoint(inspect(db.engine).get_table_names())
    migrate(empty_app, "0006", by=flask_migrate.downgrade)
    days = text("SELECT day, attempts FROM webhook_days ORDER BY day")
    with empty_app.app_context():
        assert db.session.execute(days).all() == [(day, 9), (2 * day, 4), (3 * day, 7)]
    upgrade(empty_app)
    assert differences(empty_app) == []


def test_authorizations_are_carried_over(empty_app: Flask) -> None:
    given = [
        ("wh_1", "none", None, None, None),
        ("wh_2", "bearer", None, None, "sealed-1"),
        ("wh_3", "basic", "нова", None, "sealed-2"),
        ("wh_4", "custom", None, "X-Api-Key", "sealed-3"),
    ]
    former = "SELECT public_id, auth_type, auth_login, auth_header_name, auth_secret FROM webhooks"
    migrate(empty_app, "0007")
    with empty_app.app_context(), db.engine.begin() as connection:
        for number, (public_id, kind, login, header, secret) in enumerate(given, 1):
            connection.execute(text(WEBHOOK), {"n": number, "id": public_id})
            facts = {"id": public_id, "kind": kind, "login": login, "header": header}
            connection.execute(text(_AUTHORIZE), facts | {"secret": secret})
    upgrade(empty_app)
    with empty_app.app_context():
        found = db.session.scalars(select(Webhook).order_by(Webhook.public_id)).all()
        assert [(w.auth_type, w.auth_public, w.auth_secret) for w in found] == [
            ("none", {}, None),
            ("bearer", {}, "sealed-1"),
            ("basic", {"login": "нова"}, "sealed-2"),
            ("custom", {"header_name": "X-Api-Key"}, "sealed-3"),
        ]
        db.session.rollback()
    migrate(empty_app, "0007", by=flask_migrate.downgrade)
    with empty_app.app_context():
        assert db.session.execute(text(f"{former} ORDER BY public_id")).all() == given


_AUTHORIZE = """UPDATE webhooks SET auth_type = :kind, auth_login = :login,
 auth_header_name = :header, auth_secret = :secret WHERE public_id = :id"""


def migrate(app: Flask, revision: str, by: Callable[..., None] = flask_migrate.upgrade) -> None:
    prepare_migrations(app)
    with app.app_context():
        by(revision=revision)


def test_the_console_works_on_it(empty_app: Flask) -> None:
    upgrade(empty_app)
    admin = sign_in(empty_app, "olena")
    public_id = make_webhook(admin, name="Складський облік")
    assert "Складський облік" in admin.get(f"/webhooks/{public_id}").text
    assert "Складський облік" in admin.get("/webhooks?q=складський").text
    with empty_app.app_context():
        assert "webhooks" in inspect(db.engine).get_table_names()
