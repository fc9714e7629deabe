"""Both databases that the program runs on, empty."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from tests.support.apps import Apps, MakeApp
from tests.support.postgres import Postgres
from webhooks_ui.database.engine import db


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, apps: Apps) -> str:
    """The URL of an empty database: the test runs once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{apps.data_dir}/empty.db"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create_database()


@pytest.fixture
def empty_app(make_app: MakeApp, database_url: str) -> Flask:
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
