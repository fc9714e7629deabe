"""What the commands share: an app with its database, and errors in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import click
from flask import Flask


@contextmanager
def database_errors() -> Iterator[None]:
    """Reports in one line a database that is locked, full, unreachable, damaged or too new."""
    from webhooks_ui.database.damage import DamagedError
    from webhooks_ui.database.engine import UNREACHABLE
    from webhooks_ui.database.migrate import SchemaError

    try:
        yield
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    except DamagedError as error:
        raise click.ClickException(error.advice) from None
    except UNREACHABLE as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        if "does not support SSL" in reason:
            reason += ". Switch TLS on there, or add ?sslmode=disable to WEBHOOKS_UI_DATABASE_URL"
            reason += " where the network is your own."
        if any(sign in reason for sign in ("readonly database", "unable to open database file")):
            raise click.ClickException(
                f"The database file cannot be written: {reason}. It has to belong to the user that"
                " runs this, in a folder that this user can write."
            ) from None
        raise click.ClickException(f"The database is busy or out of reach: {reason}") from None


@contextmanager
def app_context(
    *, pages: bool = False, migrates: bool = False, by_hand: bool = True
) -> Iterator[Flask]:
    """An app in its context, closed at the end; `by_hand` lets the audit log say who runs it.

    An empty database gets its tables; one of an older version is brought up to date with
    `migrates`, and refused otherwise.
    """
    from webhooks_ui import create_app
    from webhooks_ui.audit import actor
    from webhooks_ui.database import migrate
    from webhooks_ui.server import process

    with database_errors():
        app = create_app(pages=pages)
        try:
            if by_hand:
                actor.is_command_line(app)
            with app.app_context():
                (process.upgrade if migrates else migrate.upgrade_if_empty)(app)
                process.check_keys(app)
                yield app
        finally:
            process.close(app)


def fail(problems: Mapping[str, object]) -> NoReturn:
    """Ends the command with `problems`, by the argument's name."""
    raise click.ClickException(" ".join(f"{name}: {text}" for name, text in problems.items()))
