"""The commands for users, API tokens and channels."""

import sys
from datetime import timedelta

import click

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.cli.app_context import JSON, app_context, fail, parsed, print_rows
from webhooks_ui.settings import parsers

ROLES, SCOPES = ("admin", "editor", "viewer"), ("events", "admin")
_LIFETIME = parsed(parsers.duration(timedelta(hours=1), timedelta(days=3650)))


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """The trimmed name, if it may be one."""
    from webhooks_ui.validation import name as name_rule

    text = value.strip()
    if wrong := name_rule.problem(text):
        raise click.BadParameter(str(wrong))
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


@user.command("list")
@JSON
def user_list(as_json: bool) -> None:
    """List the users of the console."""
    with app_context():
        from webhooks_ui.models import User
        from webhooks_ui.models.user import last_seen

        people = User.everybody()
        seen = last_seen(people)
        rows = [(one.login, one.role, one.created_at, seen.get(one.id)) for one in people]
    print_rows(("login", "role", "created_at", "last_seen_at"), rows, as_json=as_json)


@user.command("remove")
@click.argument("login")
def user_remove(login: str) -> None:
    """Remove a user and end the user's sessions; the last administrator stays."""
    with app_context():
        from webhooks_ui.accounts import people

        if refusal := people.remove(_user_id(login)):
            raise click.ClickException(str(refusal))
    click.echo(f"The user {login} is removed.")


@user.command("remove-second-factor")
@click.argument("login")
def user_remove_second_factor(login: str) -> None:
    """Switch a user's second factor off: no code is asked for any more."""
    with app_context():
        from webhooks_ui.accounts import second_factor

        was_on = second_factor.remove(_user_id(login))
    click.echo(f"The second factor of {login} is {'off now' if was_on else 'not on'}.")


@user.command("password")
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--link", is_flag=True, help="Print a one-time link by which the user sets it.")
def user_password(login: str, password_stdin: bool, link: bool) -> None:
    """Set a user's password, or print a link for it; both end a lock-out."""
    with app_context() as app:
        from webhooks_ui.accounts import people, users
        from webhooks_ui.web.own_address import base_url

        user_id = _user_id(login)
        if link:
            text = people.offer_new_password(user_id, None)
            click.echo("This link works once, for 7 days:", err=True)
            click.echo(f"{base_url(app.config)}/invitation?token={text}")
            return
        if problems := users.set_password(login, _read_password(password_stdin)):
            fail(problems)
    click.echo(f"The password of {login} was set.")


def _user_id(login: str) -> int:
    from webhooks_ui.models import User

    found = User.by_login(login)
    if found is None:
        raise click.ClickException(f"There is no user {login}; `user list` has the logins.")
    return found.id


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
@click.option(
    "--expires", metavar="TIME", callback=_LIFETIME, help="Refused from then on, such as 90d."
)
def token_add(name: str, scope: str, expires: timedelta | None) -> None:
    """Add an API token and print it, once, alone on its line."""
    with app_context():
        from webhooks_ui.database.engine import transaction
        from webhooks_ui.database.types import now
        from webhooks_ui.models import Token

        with transaction():
            text = Token.issue(name, scope, expires_at=now() + expires if expires else None)
    click.echo("Keep this token now: it cannot be shown again.", err=True)
    click.echo(text)


@token.command("list")
@JSON
def token_list(as_json: bool) -> None:
    """List the API tokens, the newest first; their texts are not kept."""
    columns = ("public_id", "name", "scope", "created_at", "last_used_at", "expires_at")
    with app_context():
        from webhooks_ui.models import Token

        rows = [[getattr(one, column) for column in columns] for one in Token.newest_first()]
    print_rows(("id", *columns[1:]), rows, as_json=as_json)


@token.command("revoke")
@click.argument("token_id", metavar="ID")
def token_revoke(token_id: str) -> None:
    """Revoke an API token by the id that `token list` prints."""
    with app_context():
        from webhooks_ui.database.engine import transaction
        from webhooks_ui.models import Token

        with transaction():
            name = Token.revoke(token_id)
    if name is None:
        raise click.ClickException(f"There is no token {token_id}; `token list` has the ids.")
    click.echo(f"The token “{name}” is revoked.")


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
