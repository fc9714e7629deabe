"""The commands `backup` and `restore`.

They work on a database that this version cannot use as it is: an older one, a damaged one, none.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from webhooks_ui.cli.app_context import JSON, app_context, in_one_line, print_facts
from webhooks_ui.settings import table

if TYPE_CHECKING:
    from webhooks_ui.database.archive import Manifest
    from webhooks_ui.database.postgres_copy import PostgresDatabase
    from webhooks_ui.database.sqlite_copy import SqliteDatabase

KEYS_IN_USE = "Another restore or rotate-key is under way. Wait until it has ended."
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--no-keys", is_flag=True, help="Leave the keys out; keep them elsewhere, then.")
@JSON
def backup(file: Path, no_keys: bool, as_json: bool) -> None:
    """Write database and keys into FILE, while console and workers run, and verify it.

    An earlier backup of this name is replaced once the new one is whole.
    """
    from webhooks_ui import audit
    from webhooks_ui.crypto import keys
    from webhooks_ui.database import archive
    from webhooks_ui.database.types import now
    from webhooks_ui.version import __version__

    busy = f"Another backup into {file} is under way. Wait until it has ended."
    with in_one_line(), _workshop(file.absolute().parent, file.name, busy) as folder:
        settings = table.load(os.environ)
        database = _database(settings)
        if file.exists():
            archive.manifest(file)  # anything else is not overwritten
        copy = folder / archive.DATABASE
        database.save(copy)
        database.verify(copy)
        schema, key_check = database.facts(copy)
        _require_key(keys.present(settings["DATA_DIR"], settings), key_check)
        made = f"webhooks-ui {__version__}", now().isoformat(timespec="seconds")
        manifest = archive.Manifest(*made, database.kind, schema, key_check)
        kept = {} if no_keys else keys.texts(settings["DATA_DIR"], settings)
        archive.write(file, manifest, copy, kept)
    size = file.stat().st_size
    facts = {"file": str(file), "bytes": size, "keys": bool(kept), "made_at": manifest.made_at}
    print_facts(facts, f"{file}: {size:,} bytes, verified", as_json=as_json)
    if kept:
        click.echo("The keys are in it: keep it as private as the data folder.", err=True)
    try:
        with app_context():
            audit.exported("database.backed_up", "database", file=str(file), keys=bool(kept))
    except click.ClickException as error:
        click.echo(f"Not in the audit log: {error.message}", err=True)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, help="Replace a database that has something in it.")
@JSON
def restore(file: Path, yes: bool, as_json: bool) -> None:
    """Put database and keys of a backup in place. Stop console and workers before.

    The database is replaced at once, or not at all.
    """
    from webhooks_ui import audit
    from webhooks_ui.crypto import keys
    from webhooks_ui.database import archive
    from webhooks_ui.database.files import alone_in

    with in_one_line():
        settings = table.load(os.environ)
        data_dir: Path = settings["DATA_DIR"]
        keys.private_folder(data_dir)
        database = _database(settings)
        alone = alone_in(data_dir, click.ClickException(KEYS_IN_USE))
        place = database.folder or data_dir
        with alone, _workshop(place, "restore", KEYS_IN_USE) as folder:
            copy = folder / archive.DATABASE
            manifest, kept = archive.read(file, copy)
            _require_usable(file, manifest, database.kind)
            database.verify(copy)
            found = keys.parsed(kept.get(keys.ENCRYPTION, b"").decode())
            _require_key((*found, *keys.present(data_dir, settings)), manifest.key_check)
            if not yes and not database.is_empty():
                click.confirm(
                    f"Replace the database by that of {manifest.made_at}?", abort=True, err=True
                )
            with keys.taken_over(data_dir, settings, kept):
                database.replace(copy)
    with app_context(migrates=True):
        audit.record("database.restored", "database", details={"made_at": manifest.made_at})
    facts = {"file": str(file), "keys": bool(kept), "made_at": manifest.made_at}
    words = f"The database is that of {manifest.made_at} again."
    print_facts(facts, words, as_json=as_json)


def _database(settings: Mapping[str, Any]) -> "SqliteDatabase | PostgresDatabase":
    """The database in use, of a kind that can be copied."""
    from sqlalchemy.engine import make_url

    from webhooks_ui.database.postgres_copy import PostgresDatabase
    from webhooks_ui.database.sqlite_copy import SqliteDatabase
    from webhooks_ui.settings.database_encryption import parameters

    url = make_url(settings["DATABASE_URL"])
    if url.get_backend_name() == "sqlite":
        return SqliteDatabase(Path(url.database or ""))
    return PostgresDatabase(url, parameters(settings["DATABASE_URL"], os.environ))


def _require_usable(file: Path, manifest: "Manifest", kind: str) -> None:
    """Raises `CopyError` where this version cannot use the backup with this kind of database."""
    from webhooks_ui.database import migrate
    from webhooks_ui.database.copying import CopyError

    if manifest.database != kind:
        raise CopyError(
            f"{file} is a backup of {manifest.database}, and WEBHOOKS_UI_DATABASE_URL names"
            f" {kind}. Restore it there; `move` brings SQLite to PostgreSQL."
        )
    if not migrate.is_known(manifest.schema):
        raise CopyError(f"{manifest.program}, a newer version, has made it. Install that.")


def _require_key(keys: tuple[bytes, ...], key_check: str | None) -> None:
    """Raises `CopyError` where none of the keys is that of the database's secrets."""
    from webhooks_ui.crypto.vault import Vault
    from webhooks_ui.database.copying import CopyError

    missing = Vault(keys or (bytes(32),)).missing_key(key_check) if key_check else None
    if missing:
        raise CopyError(
            f"The secrets in it need the key {missing}. Put the file encryption_keys of that"
            " installation into the data folder, or set WEBHOOKS_UI_ENCRYPTION_KEYS to its keys."
        )


@contextmanager
def _workshop(place: Path, name: str, busy: str) -> Iterator[Path]:
    """A folder for what is unfinished; what a run that was killed has left there goes.

    Where another run is at work in it, this ends with `busy`.
    """
    from webhooks_ui.database.files import alone_in

    folder = place / f".{name}.unfinished"
    folder.mkdir(mode=0o700, exist_ok=True)
    with alone_in(folder, click.ClickException(busy)):
        try:
            for left in folder.iterdir():
                left.unlink()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
