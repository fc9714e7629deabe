"""The command `rotate-key`."""

import secrets

import click
from flask import Flask

from webhooks_ui.cli.app_context import JSON, app_context, print_facts
from webhooks_ui.cli.backup import KEYS_IN_USE

_OF_SETTING = (
    "The keys are a setting, which this cannot change. Put this new key first in"
    " WEBHOOKS_UI_ENCRYPTION_KEYS, before the present ones; restart every process, then run this"
    " again:"
)


@click.command("rotate-key")
@click.option(
    "--drop-old",
    is_flag=True,
    help="Only remove the former keys from the key file, once nothing is encrypted under them.",
)
@JSON
def rotate_key(drop_old: bool, as_json: bool) -> None:
    """Encrypt every stored secret under a new key, while console and workers run.

    One that was ended half way is finished first. The former key stays in the key file, for what
    was encrypted before; --drop-old removes it.
    """
    from webhooks_ui import audit
    from webhooks_ui.crypto.vault import VaultError, current_vault
    from webhooks_ui.database.files import alone_in
    from webhooks_ui.models import installation

    busy = click.ClickException(KEYS_IN_USE)
    # Two that add a key at once would leave one of them out of the file.
    with app_context() as app, alone_in(app.config["DATA_DIR"], busy):
        if drop_old:
            _drop_old(app, as_json=as_json)
            return
        if not installation.under_older_keys():
            _add_key(app)
        count = 0
        try:
            for some in installation.re_encrypt():
                count += some
        except VaultError as error:
            raise click.ClickException(
                f"{error}. Enter this secret again in the console, then run this again: what is"
                " left is under a former key, which still reads it."
            ) from None
        key = current_vault().key_ids[0]
        audit.record("encryption_key.rotated", details={"key": key, "count": count})
        words = f"Secrets encrypted under the key {key} now: {count:,}."
        print_facts({"key": key, "encrypted": count}, words, as_json=as_json)


def _add_key(app: Flask) -> None:
    from webhooks_ui.crypto import keys

    if app.config["ENCRYPTION_KEYS"]:
        click.echo(_OF_SETTING, err=True)
        click.echo(keys.new_encryption_key())
        raise SystemExit(1)
    present = keys.read_encryption_keys(app.config["DATA_DIR"])
    keys.write_encryption_keys(app.config["DATA_DIR"], (secrets.token_bytes(32), *present))


def _drop_old(app: Flask, *, as_json: bool) -> None:
    from webhooks_ui import audit
    from webhooks_ui.crypto import keys
    from webhooks_ui.models import installation

    if app.config["ENCRYPTION_KEYS"]:
        raise click.ClickException("The keys are a setting: take the former ones out of it.")
    if left := installation.under_older_keys():
        raise click.ClickException(
            f"Secrets still encrypted under a former key: {left:,}. Run: webhooks-ui rotate-key"
        )
    newest, *former = keys.read_encryption_keys(app.config["DATA_DIR"])
    keys.write_encryption_keys(app.config["DATA_DIR"], (newest,))
    audit.record("encryption_key.dropped", details={"count": len(former)})
    words = f"Former keys removed: {len(former)}. Backups made before need theirs."
    print_facts({"dropped": len(former)}, words, as_json=as_json)
