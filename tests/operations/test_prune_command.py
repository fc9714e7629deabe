"""`webhooks-ui prune` prints what it deleted, and how to shrink a file of an older version."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.cli.conftest import Run
from tests.engine.conftest import send, subscribe
from tests.operations.test_retention import age, attempts
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Delivery


def test_it_prints_what_it_deleted(app: Flask, run: Run) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    send(app, 1_200)
    age(app)
    send(app, 2)
    lines = run("prune").stdout.splitlines()
    assert lines[:2] == ["events: 1,200 deleted", "deliveries: 1,200 deleted"]
    assert lines[2].startswith("database file: ")
    assert len(lines) == 3
    assert run("prune").stdout.splitlines()[0] == "events: 0 deleted"


def test_a_dry_run_prints_what_would_be_deleted_and_deletes_nothing(app: Flask, run: Run) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    send(app, 12)
    age(app)
    send(app, 2)
    with app.app_context(), transaction():  # one that is to be retried keeps its event
        oldest = db.session.scalar(select(func.min(Delivery.id)))
        again = update(Delivery).where(Delivery.id == oldest).values(status="pending")
        db.session.execute(again)
    expected = ["events: 11 would be deleted", "deliveries: 11 would be deleted"]
    for _ in range(2):
        assert run("prune", "--dry-run").stdout.splitlines() == expected
    assert run("prune").stdout.splitlines()[:2] == ["events: 11 deleted", "deliveries: 11 deleted"]


def test_retention_is_a_setting(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    send(app, 2)
    age(app)
    monkeypatch.setenv("WEBHOOKS_UI_RETENTION", "32d")
    assert run("prune").stdout.startswith("events: 0 deleted\n")
    monkeypatch.setenv("WEBHOOKS_UI_RETENTION", "30d")
    assert run("prune").stdout.startswith("events: 2 deleted\n")


def test_a_file_of_an_older_version_is_shrunk_by_rewriting_it(
    app: Flask, run: Run, data_dir: Path
) -> None:
    file = data_dir / "webhooks.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum=NONE")
        connection.execute("VACUUM")
    subscribe(app, "http://127.0.0.1:9/")
    send(app, 200)
    attempts(app, 1, b"x" * 20_000)
    age(app)
    output = run("prune").stdout
    assert output.splitlines()[0] == "events: 200 deleted"
    assert "webhooks-ui prune --vacuum" in output
    full = file.stat().st_size
    assert full > 4_000_000
    assert "--vacuum" not in run("prune", "--vacuum").stdout
    assert file.stat().st_size < full * 0.2
