"""The console script `webhooks-ui`.

Exit status 1: the command failed; 2: a setting or an argument is invalid.
"""

import gc
import os
import sys
from typing import Any

import click

from webhooks_ui.cli.app_context import database_errors, parsed
from webhooks_ui.cli.backup import backup, restore
from webhooks_ui.cli.completion import completion
from webhooks_ui.cli.configuration import export_, import_
from webhooks_ui.cli.events import event
from webhooks_ui.cli.maintenance import doctor, migrate, prune
from webhooks_ui.cli.move import move
from webhooks_ui.cli.records import channel, token, user
from webhooks_ui.cli.rotate_key import rotate_key
from webhooks_ui.cli.worker import worker
from webhooks_ui.crypto.keys import KeyFileError
from webhooks_ui.settings.addresses import host
from webhooks_ui.settings.table import SettingError

_PORT = click.IntRange(0, 65_535)


class _Program(click.Group):
    """Reports in one line what was given wrong; a setting or key file with exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingError, KeyFileError) as error:
            click.echo(str(error), err=True)
            sys.exit(2)
        # A byte of an argument that is no text comes as half of a surrogate pair.
        except (UnicodeEncodeError, UnicodeDecodeError):
            raise click.ClickException("What this was given is not UTF-8 text.") from None


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webhooks-ui", message="%(prog)s %(version)s")
def main() -> None:
    """The console and delivery engine for outgoing webhooks."""
    os.umask(0o077)  # files are readable by their owner only


_COMMANDS = (
    *(user, token, channel, event, worker, migrate, doctor, prune),
    *(backup, restore, move, rotate_key, completion, export_, import_),
)
for command in _COMMANDS:
    main.add_command(command)


@main.command()
@click.option(
    "--host", callback=parsed(host), help="The address to listen on. Default: the setting HOST."
)
@click.option("--port", type=_PORT, help="The port; 0 picks a free one. Default: the setting PORT.")
@click.option("--no-worker", is_flag=True, help="Do not start a worker.")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """Migrate the database, serve the console and run a worker."""
    gc.disable()  # until everything is loaded: to look for garbage then takes a fifth of the time

    from webhooks_ui.server import listening, wsgi

    try:
        with database_errors():
            wsgi.serve(host, port, click.echo, worker=not no_worker)
    except listening.AddressError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    callback=parsed(host),
    help="The address to listen on.",
)
@click.option(
    "--port", type=_PORT, default=9000, show_default=True, help="The port; 0 picks a free one."
)
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    default=200,
    show_default=True,
    help="The status to answer with.",
)
@click.option("--secret", metavar="whsec_…", help="The signing secret to check signatures with.")
def listen(host: str, port: int, status: int, secret: str | None) -> None:
    """Print every request, and whether its signature holds."""
    from webhooks_ui.crypto import signing
    from webhooks_ui.receiver.listener import Listener
    from webhooks_ui.server import process

    secret = secret.strip() if secret else None
    if secret is not None and not signing.is_secret(secret):
        raise click.UsageError("--secret takes a signing secret: whsec_ and base64.")
    process.exit_on_stop()
    try:
        listener = Listener(host, port, status, secret, click.echo)
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(f"Cannot listen on {host} port {port}: {reason}.") from None
    with listener:
        click.echo(f"Listening on {listener.url}\n")
        listener.serve_forever()
