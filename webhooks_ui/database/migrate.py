"""Migrations: brings the database to this program's schema, one process at a time.

Only `serve`, `worker` and `migrate` change the schema of a database in use; everybody else checks.
"""

import re
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, inspect, text

from webhooks_ui.database.engine import db

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_MIGRATION_LOCK = 0x77686B73  # one migration at a time on PostgreSQL, whoever starts it
_REVISION = re.compile(r'^(revision|down_revision)(?:: [^=]+)? = "(\w+)"', re.MULTILINE)


class SchemaError(Exception):
    """The database has another schema than this program; the text is one line for the operator."""

    def __init__(self, text: str, unknown: str | None = None, newest: str = "") -> None:
        super().__init__(text)
        self.unknown, self.newest = unknown, newest


def upgrade(app: Flask) -> str | None:
    """Brings the database to this program's schema; safe when several processes start at once.

    Returns its revision where there was something to do. Raises `SchemaError` for a database that a
    newer version has made.
    """
    with app.app_context():
        Path(app.config["DATA_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_current():
            import flask_migrate

            prepare_migrations(app)
            flask_migrate.upgrade()
            return _revisions()[1]
    return None


def require_current() -> None:
    """Raises `SchemaError` unless the app's database has this program's schema."""
    if not _is_current():
        raise SchemaError("The database is not set up for this version. Run: webhooks-ui migrate")


def upgrade_if_empty(app: Flask) -> None:
    """Makes the tables of an empty database; for commands that may be the first to run.

    Raises `SchemaError` for an older schema, which a server that runs may still need.
    """
    with app.app_context():
        with db.engine.connect() as connection:
            is_empty = not inspect(connection).has_table("alembic_version")
        if is_empty:
            upgrade(app)
        require_current()


def prepare_migrations(app: Flask) -> None:
    """Lets `flask db` and `upgrade` migrate; Alembic takes memory that nothing else needs."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(_MIGRATIONS))


def lock_for_migration(connection: Connection) -> None:
    """Waits until nobody else migrates; on SQLite BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def is_known(revision: str) -> bool:
    """Whether this program can use, or migrate, a database of this schema."""
    return revision in _revisions()[0]


def _is_current() -> bool:
    """Whether nothing is to be migrated; raises `SchemaError` for a revision unknown here."""
    revisions, newest = _revisions()
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    if unknown := sorted(set(found) - revisions):
        raise SchemaError(
            f"The database was made by a newer version (its schema is {unknown[0]}, this program"
            f" knows up to {newest}). Install that version again, or restore the backup made"
            " before the upgrade.",
            unknown[0],
            newest,
        )
    return found == [newest]


def _revisions() -> tuple[set[str], str]:
    """The revisions that this program knows, and the newest, read without Alembic."""
    texts = [file.read_text("utf-8") for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")]
    found = [dict(_REVISION.findall(text)) for text in texts]
    revisions = {one["revision"] for one in found}
    (newest,) = revisions - {one.get("down_revision") for one in found}
    return revisions, newest
