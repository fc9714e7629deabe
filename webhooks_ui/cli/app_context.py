"""What the commands share: an app with its database, errors in one line, and what they print."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn, TypeVar

import click
from flask import Flask

T = TypeVar("T")


@contextmanager
def database_errors() -> Iterator[None]:
    """Reports in one line a database that is locked, full, unreachable, damaged or too new."""
    from webhooks_ui.database.damage import DamagedError
    from webhooks_ui.database.driver import reason_of
    from webhooks_ui.database.engine import UNREACHABLE
    from webhooks_ui.database.migrate import SchemaError

    try:
        yield
    except SchemaError as error:
        raise click.ClickException(str(error)) from None
    except DamagedError as error:
        raise click.ClickException(error.advice) from None
    except UNREACHABLE as error:
        reason = " ".join(str(reason_of(error)).split())
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
def in_one_line() -> Iterator[None]:
    """Says in one line what keeps a command from its work."""
    from webhooks_ui.database.copying import CopyError

    try:
        yield
    except CopyError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or ''} {error.strerror}.".strip()) from None


@contextmanager
def app_context(
    *, pages: bool = False, migrates: bool = False, by_hand: bool = True
) -> Iterator[Flask]:
    """An app in its context, closed at the end; `by_hand` lets the audit log say who runs what.

    An empty database gets its tables; one of an older version is brought up to date with
    `migrates`, and refused otherwise.
    """
    from webhooks_ui import create_app
    from webhooks_ui.audit import actor, calls
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
                if by_hand:
                    path = click.get_current_context().command_path
                    calls.command_run(path.partition(" ")[2])  # as in `user list`
                yield app
        finally:
            process.close(app)


def fail(problems: Mapping[str, object]) -> NoReturn:
    """Ends the command with `problems`, by the argument's name."""
    raise click.ClickException(" ".join(f"{name}: {text}" for name, text in problems.items()))


def parsed(parse: Callable[[str], T]) -> Callable[..., T | None]:
    """The callback of an option that takes what a setting of this parser takes."""

    def take(_context: click.Context, _parameter: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(f"it {error}.") from None

    return take


JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def print_facts(
    facts: Mapping[str, object], lines: str | Sequence[str], *, as_json: bool, err: bool = False
) -> None:
    """Prints an object of these facts, or the lines; `err`: on standard error."""
    said = json.dumps(facts, ensure_ascii=False, indent=2) if as_json else lines
    for line in [said] if isinstance(said, str) else said:
        click.echo(line, err=err)


def print_rows(names: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool) -> None:
    """Prints the rows under `names`; times are UTC, as RFC 3339 has them."""
    if as_json:
        found = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = [names, *([str(_plain(value) or "-") for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _plain(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
