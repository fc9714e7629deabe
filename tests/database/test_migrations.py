"""Migrations, on both databases: they make what the models say, once, whoever starts them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from tests.conftest import make_webhook, sign_in
from webhooks_ui.database import db, prepare_migrations, transaction, upgrade

START = "import webhooks_ui, webhooks_ui.database as d; d.upgrade(webhooks_ui.create_app())"


@pytest.fixture
def empty_app(make_app: Callable[..., Flask], database_url: str) -> Flask:
    """An app whose database has no tables yet."""
    return make_app(DATABASE_URL=database_url)


def differences(app: Flask) -> list[object]:
    """What autogeneration would change, types and all."""
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def test_they_make_what_the_models_say(empty_app: Flask) -> None:
    assert differences(empty_app) != []
    upgrade(empty_app)
    assert differences(empty_app) == []


def test_a_second_run_changes_nothing_and_needs_no_alembic(
    empty_app: Flask, database_url: str, tmp_path: Path
) -> None:
    upgrade(empty_app)
    settings = {
        "WEBHOOKS_UI_DATABASE_URL": database_url,
        "WEBHOOKS_UI_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-c", f"{START}; import sys; assert 'alembic' not in sys.modules"]
    subprocess.run(command, env=os.environ | settings, check=True)
    assert differences(empty_app) == []


def test_two_processes_may_start_at_once(
    empty_app: Flask, database_url: str, tmp_path: Path
) -> None:
    settings = {
        "WEBHOOKS_UI_DATABASE_URL": database_url,
        "WEBHOOKS_UI_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-c", START]
    started = [
        subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[1] for process in started] == [""] * 3
    assert [process.returncode for process in started] == [0] * 3
    assert differences(empty_app) == []


def test_what_senders_called_their_events_is_carried_over(empty_app: Flask) -> None:
    keys = text("SELECT key, event_public_id, deliveries FROM idempotency_keys")
    with empty_app.app_context():
        prepare_migrations(empty_app)
        flask_migrate.upgrade(revision="0003")
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


def test_the_console_works_on_it(empty_app: Flask) -> None:
    upgrade(empty_app)
    admin = sign_in(empty_app, "olena")
    public_id = make_webhook(admin, name="Складський облік")
    assert "Складський облік" in admin.get(f"/webhooks/{public_id}").text
    assert "Складський облік" in admin.get("/webhooks?q=складський").text
    with empty_app.app_context():
        assert "webhooks" in inspect(db.engine).get_table_names()
