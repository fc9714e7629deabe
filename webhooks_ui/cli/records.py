"""The commands that write to the database: `user add`, `token add`, `channel add`."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import click
from flask import Flask
from werkzeug.datastructures import MultiDict

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS

_MAX_NAME = 200  # characters, as the column has it
ROLES, SCOPES = ("admin", "editor", "viewer"), ("events", "admin")


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Takes a name that can be seen, trimmed."""
    text = value.strip()
    if not 1 <= len(text) <= _MAX_NAME or not text.isprintable():
        raise click.BadParameter(f"it takes 1 to {_MAX_NAME} characters that can be seen.")
    return text


@contextmanager
def within_reach() -> Iterator[None]:
    """Says in one line that the database is locked, full or out of reach."""
    from webhooks_ui.database.engine import UNREACHABLE

    try:
        yield
    except UNREACHABLE as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise click.ClickException(f"The database is busy or out of reach: {reason}") from None


@contextmanager
def database(*, pages: bool = False) -> Iterator[Flask]:
    """An app in its context, with the database brought up to date."""
    from webhooks_ui import create_app
    from webhooks_ui.database import migrate
    from webhooks_ui.server import process

    app = create_app(pages=pages)
    try:
        with within_reach(), app.app_context():
            migrate.upgrade(app)
            yield app
    finally:
        process.close(app)


@click.group()
def user() -> None:
    """The people who sign in."""


@user.command("add")
@click.argument("login")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="admin for a new user if it is not given; an existing one keeps the role.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def user_add(login: str, role: str | None, password_stdin: bool) -> None:
    """Make a user, or set the password of one. That ends the user's open sessions."""
    with database():
        from webhooks_ui.accounts import users
        from webhooks_ui.models import User

        login, password = User.tidy_login(login), _read_password(password_stdin)
        exists = User.by_login(login) is not None
        if exists:
            found = users.set_password(login, password, role)
        else:
            found = users.add_user(login, password, role or "admin")
    if found:
        _refuse(found)
    click.echo(f"The password of {login} was set." if exists else f"The user {login} was made.")


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@click.group()
def token() -> None:
    """The keys to the API."""


@token.command("add")
@click.argument("name", callback=_name)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="events",
    show_default=True,
    help="events may send events in, admin may do everything.",
)
def token_add(name: str, scope: str) -> None:
    """Make an API token and print it, once, alone on its line."""
    with database():
        from webhooks_ui.database.engine import transaction
        from webhooks_ui.models import Token

        with transaction():
            text = Token.issue(name, scope)
    click.echo("Keep this token now: it cannot be shown again.", err=True)
    click.echo(text)


@click.group()
def channel() -> None:
    """The channels (inboxes) that events come from."""


@channel.command("add")
@click.argument("key")
@click.argument("name")
@click.option("--kind", type=click.Choice(tuple(CHANNEL_KINDS)), default="other", show_default=True)
def channel_add(key: str, name: str, kind: str) -> None:
    """Make a channel. Events name it by KEY, people by NAME."""
    with database(pages=True) as app, app.test_request_context():
        from webhooks_ui.forms.channel import ChannelForm
        from webhooks_ui.models import channel_changes

        typed = MultiDict({"key": key, "name": name, "kind": kind})
        form = ChannelForm(typed, meta={"csrf": False})
        if not form.check():
            _refuse({field: " ".join(map(str, texts)) for field, texts in form.errors.items()})
        made = channel_changes.save(None, form.settings)
        if isinstance(made, channel_changes.KeyTaken):
            _refuse({"key": f"The channel “{made.by.name}” has the key {made.by.key} already."})
    click.echo(f"The channel {form.settings.key} was made.")


def _refuse(problems: Mapping[str, object]) -> NoReturn:
    raise click.ClickException(" ".join(f"{name}: {text}" for name, text in problems.items()))
