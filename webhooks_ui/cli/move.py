"""The command `move`."""

import sys
from typing import Any

import click
from flask import Flask

from webhooks_ui.cli.app_context import JSON, app_context, database_errors, in_one_line, print_facts


@click.command()
@click.argument("url")
@JSON
def move(url: str, as_json: bool) -> None:
    """Copy everything from the SQLite database into an empty PostgreSQL one at URL.

    Stop console and workers before. The SQLite file stays as it is; killed at any moment, this
    leaves the other database empty, and can be run again, or has copied everything.
    """
    from webhooks_ui.database.engine import db, is_sqlite
    from webhooks_ui.settings import addresses

    try:
        to = addresses.database_url(url)
    except ValueError as error:
        raise click.UsageError(f"URL {error}.") from None
    if not to.startswith("postgresql"):
        raise click.UsageError("URL names a PostgreSQL database: postgresql://user@host/name")
    with app_context() as app:
        if not is_sqlite():
            raise click.ClickException("WEBHOOKS_UI_DATABASE_URL names no SQLite database.")
        db.session.close()
        db.engine.dispose()
        with in_one_line():
            total = _move(app, to)
    words = f"Rows copied: {total:,}. Set WEBHOOKS_UI_DATABASE_URL to it and start."
    print_facts({"rows": total}, words, as_json=as_json)
    click.echo("Keep the data folder: the keys are in it.", err=True)


def _move(app: Flask, url: str) -> int:
    from webhooks_ui import audit, create_app
    from webhooks_ui.audit import actor
    from webhooks_ui.database import migrate
    from webhooks_ui.database.engine import db
    from webhooks_ui.server import process

    there = create_app({"DATA_DIR": app.config["DATA_DIR"], "DATABASE_URL": url}, pages=False)
    try:
        actor.is_command_line(there)
        with database_errors():
            migrate.upgrade(there)
            with app.app_context():
                source = db.engine.raw_connection()
            try:
                with there.app_context():
                    total = _copy(source.driver_connection, db)
                    audit.record("database.moved", "database", details={"count": total})
            finally:
                source.close()
    finally:
        process.close(there)
    return total


def _copy(source: Any, target: Any) -> int:
    """Copies with a bar of progress, or without a terminal each table's name; how many rows."""
    from webhooks_ui.database import driver, moving

    with driver.in_our_terms(target.engine.dialect), moving.used_alone(source):
        total = moving.count(source, target.metadata)
        shown = click.progressbar(length=total, file=sys.stderr)
        with target.engine.begin() as connection, shown as bar:
            for table, rows in moving.copy(source, connection, target.metadata):
                bar.label = table
                bar.update(rows)
    with target.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    return total
