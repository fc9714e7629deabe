"""Migrations, on both databases: they make what the models say, once, whoever starts them."""

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, text

from tests.database.conftest import differences
from tests.support.program import Program
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import upgrade


def test_partial_indexes_have_the_conditions_of_the_models(app: Flask) -> None:
    with app.app_context():
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


def test_they_make_the_schema_of_the_models_once_in_one_transaction(empty_app: Flask) -> None:
    commits: list[object] = []
    with empty_app.app_context():
        engine, note = db.engine, commits.append
    assert differences(empty_app) != []
    event.listen(engine, "commit", note)
    assert upgrade(empty_app)
    assert len(commits) == 1  # between two of them another process that starts would come in
    assert upgrade(empty_app) is None
    assert len(commits) == 1
    event.remove(engine, "commit", note)
    assert differences(empty_app) == []


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
