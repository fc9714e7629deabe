"""How Alembic reaches the app's database, for `migrate.upgrade` and for `flask db migrate`."""

from alembic import context
from flask import current_app

from webhooks_ui import models  # noqa: F401  # the tables to compare with
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import lock_for_migration


def run() -> None:
    """Migrates in one transaction, and nobody else meanwhile."""
    with (
        db.engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        # Only within a transaction that has begun does Alembic commit none of its own: on SQLite it
        # would after each migration, and another process would come between two of them.
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            **current_app.extensions["migrate"].configure_args,
        )
        lock_for_migration(connection)
        context.run_migrations()


run()
