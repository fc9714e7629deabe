"""What the commands share: an app with a migrated database, and errors in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import click
from flask import Flask


@contextmanager
def database_errors() -> Iterator[None]:
    """Reports in one line that the database is locked, full or unreachable."""
    from webhooks_ui.database.engine import UNREACHABLE

    try:
        yield
    except UNREACHABLE as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise click.ClickException(f"The database is busy or out of reach: {reason}") from None


@contextmanager
def app_context(*, pages: bool = False) -> Iterator[Flask]:
    """An app in its context, with the database migrated; closed at the end."""
    from webhooks_ui import create_app
    from webhooks_ui.database import migrate
    from webhooks_ui.server import process

    app = create_app(pages=pages)
    try:
        with database_errors(), app.app_context():
            migrate.upgrade(app)
            yield app
    finally:
        process.close(app)


def fail(problems: Mapping[str, object]) -> NoReturn:
    """Ends the command with `problems`, by the argument's name."""
    raise click.ClickException(" ".join(f"{name}: {text}" for name, text in problems.items()))
