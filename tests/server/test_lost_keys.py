"""Keys lost or wrong: the start refuses with one line, `/readyz` is red, and no new key is made."""

from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Run, data_dir, run
from tests.conftest import make_webhook, sign_in
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from webhooks_ui import create_app
from webhooks_ui.crypto.keys import KeyFileError, new_encryption_key
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Installation
from webhooks_ui.server import process

__all__ = ["data_dir", "run"]

COMMANDS = (("serve", "--port", "0"), ("worker",), ("migrate",), ("token", "add", "platform"))


@pytest.fixture
def filled(app: Flask) -> Flask:
    """An app with a webhook, whose start has recorded the keys."""
    process.check_keys(app)
    make_webhook(sign_in(app, "olena"))
    return app


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_missing_key_file_stops_the_start_and_stays_missing(
    filled: Flask, run: Run, data_dir: Path, command: tuple[str, ...]
) -> None:
    file = data_dir / "encryption_keys"
    file.unlink()
    found = run(*command)
    assert found.exit_code == 2
    assert found.stderr.startswith(f"{file} is missing, and the database has secrets")
    assert "Put it back from a backup" in found.stderr
    assert found.stderr.count("\n") == 1
    assert not file.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("is_recorded", [True, False])
def test_other_keys_stop_the_start(
    filled: Flask, run: Run, data_dir: Path, command: tuple[str, ...], *, is_recorded: bool
) -> None:
    if not is_recorded:  # as in a database of an older version
        with filled.app_context(), transaction():
            db.session.query(Installation).delete()
    (data_dir / "encryption_keys").write_text(new_encryption_key())
    found = run(*command)
    assert found.exit_code == 2
    assert found.stderr.startswith("The encryption keys are not those of this database")
    assert "WEBHOOKS_UI_ENCRYPTION_KEYS" in found.stderr
    assert found.stderr.count("\n") == 1


@ON_BOTH_DATABASES
def test_a_second_machine_with_keys_of_its_own_is_refused(
    make_app: MakeApp, tmp_path: Path
) -> None:
    first = make_app()
    process.check_keys(first)
    first.extensions["vault"], kept = Vault([bytes(32)]), first.extensions["vault"]
    with pytest.raises(KeyFileError, match="are not those of this database"):
        process.check_keys(first)
    first.extensions["vault"] = kept
    process.check_keys(first)


def test_a_key_added_before_the_old_one_is_taken(filled: Flask, run: Run, data_dir: Path) -> None:
    file = data_dir / "encryption_keys"
    file.write_text(f"{new_encryption_key()}\n{file.read_text()}")
    assert run("token", "add", "platform").exit_code == 0


def test_an_empty_database_takes_new_keys(app: Flask, data_dir: Path) -> None:
    (data_dir / "encryption_keys").unlink()
    other = create_app({"DATA_DIR": data_dir})
    process.check_keys(other)
    process.close(other)


def test_readyz_is_red(filled: Flask) -> None:
    browser = filled.test_client()
    assert browser.get("/readyz").json == {"status": "no worker"}
    kept, filled.extensions["vault"] = filled.extensions["vault"], Vault([bytes(32)])
    answer = browser.get("/readyz")
    filled.extensions["vault"] = kept
    assert (answer.status_code, answer.json) == (503, {"status": "wrong encryption keys"})
