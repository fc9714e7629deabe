"""Migrations: brings the database to the newest schema, one process at a time."""

from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, inspect, text

from webhooks_ui.database.engine import db

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_MIGRATION_LOCK = 0x77686B73  # one migration at a time on PostgreSQL, whoever starts it


def upgrade(app: Flask) -> None:
    """Brings the database to the newest schema; safe when several processes start at once."""
    with app.app_context():
        Path(app.config["DATA_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_current():
            import flask_migrate

            prepare_migrations(app)
            flask_migrate.upgrade()


def prepare_migrations(app: Flask) -> None:
    """Lets `flask db` and `upgrade` migrate; Alembic takes memory that nothing else needs."""
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(_MIGRATIONS))


def lock_for_migration(connection: Connection) -> None:
    """Waits until nobody else migrates; on SQLite BEGIN IMMEDIATE has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})


def _is_current() -> bool:
    """Whether nothing is to be migrated; the names of the migrations begin with their numbers."""
    newest = max(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return found == [newest]
