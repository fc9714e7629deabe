"""The commands that write to the database: `user add`, `token add`, `channel add`."""

import sys

import click

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.cli.app_context import app_context, fail

_MAX_NAME = 200  # characters, as the column has it
ROLES, SCOPES = ("admin", "editor", "viewer"), ("events", "admin")


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """The trimmed name, if it has 1 to 200 printable characters."""
    text = value.strip()
    if not 1 <= len(text) <= _MAX_NAME or not text.isprintable():
        raise click.BadParameter(f"it takes 1 to {_MAX_NAME} characters that can be seen.")
    return text


@click.group()
def user() -> None:
    """Users of the console."""


@user.command("add")
@click.argument("login")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="Default: admin for a new user; an existing user keeps the role.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def user_add(login: str, role: str | None, password_stdin: bool) -> None:
    """Add a user, or set a user's password, which ends the user's sessions and lock-out."""
    with app_context():
        from webhooks_ui.accounts import users
        from webhooks_ui.models import User

        login, password = User.tidy_login(login), _read_password(password_stdin)
        exists = User.by_login(login) is not None
        if exists:
            problems = users.set_password(login, password, role)
        else:
            problems = users.add_user(login, password, role or "admin")
        if problems:
            fail(problems)
    click.echo(f"The password of {login} was set." if exists else f"The user {login} was made.")


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@click.group()
def token() -> None:
    """API tokens."""


@token.command("add")
@click.argument("name", callback=_name)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    default="events",
    show_default=True,
    help="events: send events; admin: everything.",
)
def token_add(name: str, scope: str) -> None:
    """Add an API token and print it, once, alone on its line."""
    with app_context():
        from webhooks_ui.database.engine import transaction
        from webhooks_ui.models import Token

        with transaction():
            text = Token.issue(name, scope)
    click.echo("Keep this token now: it cannot be shown again.", err=True)
    click.echo(text)


@click.group()
def channel() -> None:
    """Channels (inboxes) that events come from."""


@channel.command("add")
@click.argument("key")
@click.argument("name")
@click.option("--kind", type=click.Choice(tuple(CHANNEL_KINDS)), default="other", show_default=True)
def channel_add(key: str, name: str, kind: str) -> None:
    """Add a channel. Events name it by KEY, people by NAME."""
    with app_context():
        from webhooks_ui.models import channel_changes
        from webhooks_ui.validation import channel as channel_rules

        settings = channel_changes.ChannelSettings(key.strip(), name.strip(), kind)
        if problems := channel_rules.problems(*settings):
            fail(problems)
        saved = channel_changes.save(None, settings)
        if isinstance(saved, channel_changes.KeyTaken):
            fail({"key": f"The channel “{saved.by.name}” has the key {saved.by.key} already."})
    click.echo(f"The channel {settings.key} was made.")
