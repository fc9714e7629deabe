"""The console script `webhooks-ui`.

Exit status 1: what was asked for could not be done; 2: a setting or an argument is wrong.
"""

import os
import sys
from typing import Any

import click

from webhooks_ui.cli.records import channel, token, user, within_reach
from webhooks_ui.cli.worker import event, prune, worker
from webhooks_ui.crypto.keys import KeyFileError
from webhooks_ui.settings.table import SettingError

_PORT = click.IntRange(0, 65_535)


class _Program(click.Group):
    """Turns what stops a start into one line on standard error and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingError, KeyFileError) as error:
            click.echo(str(error), err=True)
            sys.exit(2)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="webhooks-ui", message="%(prog)s %(version)s")
def main() -> None:
    """The console and delivery engine for outgoing webhooks."""
    os.umask(0o077)  # the database and whatever else is written is nobody else's


main.add_command(user)
main.add_command(token)
main.add_command(channel)
main.add_command(event)
main.add_command(worker)
main.add_command(prune)


@main.command()
@click.option("--host", help="The address to listen on; else the setting HOST.")
@click.option("--port", type=_PORT, help="The port; else the setting PORT. 0 takes any free one.")
@click.option("--no-worker", is_flag=True, help="Start no worker beside the console.")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """Migrate the database, serve the console, and deliver by a worker beside it."""
    from webhooks_ui.server import wsgi

    try:
        with within_reach():
            wsgi.serve(host, port, click.echo, worker=not no_worker)
    except wsgi.AddressError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=_PORT, default=9000, show_default=True, help="The port; 0 takes any free one."
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
