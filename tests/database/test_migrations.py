"""Migrations, on both databases: they make what the models say, once, whoever starts them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade
from flask_migrate import upgrade as migrate_up
from sqlalchemy import inspect, select, text

from tests.conftest import make_webhook, sign_in
from webhooks_ui.database import db, upgrade
from webhooks_ui.models import Webhook

START = "import webhooks_ui, webhooks_ui.database as d; d.upgrade(webhooks_ui.create_app())"
EVENT = """INSERT INTO events (public_id, type, data, test, deliveries_count, occurred_at,
 created_at) VALUES ('evt_1', 'message_created', '', FALSE, 0, 0, 0)"""
DELIVERY = """INSERT INTO deliveries (id, public_id, event_id, type, test, status, claims,
 attempts_made, created_at) VALUES (:n, :id, 1, 'message_created', FALSE, :status, 1, :made, 0)"""
WEBHOOK = """INSERT INTO webhooks (public_id, name, url, search_text, auth_type, signing_secret,
 payload_format, enabled, version, created_at, updated_at, last_delivery_id)
 VALUES (:id, '', '', '', 'none', '', 'envelope', TRUE, 1, 0, 0, :n)"""


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


def test_a_second_run_changes_nothing(empty_app: Flask) -> None:
    upgrade(empty_app)
    upgrade(empty_app)
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


def test_how_the_last_attempt_ended_is_taken_from_its_delivery(empty_app: Flask) -> None:
    upgrade_to(empty_app, "0003")
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
    upgrade_to(empty_app, "0003", by=downgrade)
    upgrade(empty_app)
    assert differences(empty_app) == []


def upgrade_to(app: Flask, revision: str, by: Callable[..., None] = migrate_up) -> None:
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
