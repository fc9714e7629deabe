"""`webhooks-ui move`: everything from SQLite to PostgreSQL, or nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.audit.conftest import only
from tests.cli.conftest import Run
from tests.conftest import SETTINGS, make_webhook, sign_in
from tests.log.rows import fill
from tests.support.postgres import Postgres
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.server import process


@pytest.fixture
def filled(app: Flask, run: Run) -> Flask:
    """A console on SQLite, with deliveries and a secret; nobody is connected to it."""
    process.check_keys(app)
    make_webhook(sign_in(app, "olena"), auth_type="bearer", auth_token="secret-1")
    fill(app, 30)
    with app.app_context(), transaction():
        db.session.add(Channel(key="9", name="Дев’ять"))
        db.session.add(deleted := Channel(key="10", name="Ten"))
        db.session.flush()
        db.session.delete(deleted)  # its id does not come again
    process.close(app)
    return app


@pytest.fixture
def url(postgres: Postgres) -> str:
    """An empty PostgreSQL database."""
    return postgres.create_database()


@pytest.fixture
def there(url: str, data_dir: Path) -> Iterator[Flask]:
    """An app on that database."""
    app = create_app(SETTINGS | {"DATA_DIR": data_dir, "DATABASE_URL": url})
    yield app
    process.close(app)


def rows(app: Flask) -> dict[str, list[Any]]:
    """All rows of all tables but the audit log, as Python has them."""
    with app.app_context():
        tables = [one for one in db.metadata.sorted_tables if one.name != "audit_entries"]
        found = {
            table.name: [tuple(row) for row in db.session.execute(select(table))]
            for table in tables
        }
    process.close(app)
    return {name: sorted(each, key=repr) for name, each in found.items()}


def test_everything_is_there_as_it_was(filled: Flask, run: Run, there: Flask, url: str) -> None:
    before = rows(filled)
    assert sum(map(len, before.values())) > 100
    result = run("move", url)
    assert result.exit_code == 0, result.output
    assert {"webhooks", "events", "users"} <= set(result.stderr.split())  # progress by table
    assert rows(there) == before
    assert only(there, "database.moved").actor_kind == "command"
    with there.app_context():
        vault = there.extensions["vault"]
        secrets = {one.settings(vault).authorization.secret for one in db.session.query(Webhook)}
        assert "secret-1" in secrets
    make_webhook(sign_in(there, "olena"), name="New")  # under an id that is free
    with there.app_context(), transaction():
        last = db.session.scalar(select(func.max(Channel.id))) or 0
        db.session.add(new := Channel(key="11", name="Eleven"))
        db.session.flush()
        assert new.id == last + 2
    process.close(filled)
    assert rows(filled) == before


def test_it_is_refused_where_something_would_be_lost(
    filled: Flask, run: Run, there: Flask, url: str
) -> None:
    with filled.app_context(), transaction():  # it is connected again
        in_use = run("move", url)
    assert in_use.exit_code == 1
    assert "locked" in in_use.stderr
    process.close(filled)
    assert run("move", url).exit_code == 0
    again = run("move", url)
    assert again.exit_code == 1
    assert "is not empty: it has users" in again.stderr
    assert run("move", "sqlite:////tmp/other.db").exit_code == 2
