"""Keys lost or wrong: the start refuses with one line, `/readyz` is red, and no new key is made."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from tests.cli.conftest import Run, data_dir, run
from tests.conftest import make_webhook, sign_in, stored
from tests.support.apps import ON_BOTH_DATABASES, ON_POSTGRESQL, MakeApp
from webhooks_ui import create_app
from webhooks_ui.crypto.keys import KeyFileError, new_encryption_key
from webhooks_ui.crypto.vault import Vault, current_vault
from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.models import Installation, Webhook
from webhooks_ui.models.installation import KEY_CHECK, sealed_columns
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


def rotate(app: Flask, new: Vault) -> None:
    """Encrypts every secret of the webhooks again."""
    with app.app_context(), transaction():
        old = app.extensions["vault"]
        for webhook in db.session.query(Webhook):
            for column, purpose in CONTEXTS.items():
                if token := getattr(webhook, column):
                    context = webhook.secret_context(purpose)
                    setattr(webhook, column, new.encrypt(old.decrypt(token, context), context))


CONTEXTS = {
    "auth_secret": "auth",
    "signing_secret": "signing",
    "previous_signing_secret": "signing",
    "tls_key": "tls",
    "access_token": "token",
    "header_values": "headers",
}


@ON_BOTH_DATABASES
def test_a_rotation_step_by_step_keeps_the_start_working(make_app: MakeApp) -> None:
    app = make_app()
    kept, old, new = app.extensions["vault"], bytes(32), bytes([1]) * 32

    def start(*keys: bytes) -> None:
        app.extensions["vault"] = Vault(keys)
        process.check_keys(app)

    try:
        start(old)
        browser = sign_in(app, "olena")
        webhook = make_webhook(browser, auth_type="bearer", auth_token="secret-1")
        browser.post(f"/webhooks/{webhook}/rotate-secret")
        start(new, old)
        with pytest.raises(KeyFileError, match="which needs the key"):
            start(new)  # too early: the secrets are still under the old one
        start(new, old)
        rotate(app, Vault([new, old]))
        start(new)
        assert stored(app, webhook).authorization(Vault([new])).secret == "secret-1"
        assert app.test_client().get("/readyz").json != {"status": "wrong encryption keys"}
        start(new)
        with pytest.raises(KeyFileError, match="which needs the key"):
            start(old)
    finally:
        app.extensions["vault"] = kept


def test_every_column_that_is_encrypted_is_known() -> None:
    """By their names: one that has not the type would be lost with its key."""
    named = {
        f"{mapper.class_.__tablename__}.{column.key}"
        for mapper in Model.registry.mappers
        for column in mapper.columns
        if column.key.endswith(("secret", "_key", "secrets")) and str(column.type) != "BOOLEAN"
    }
    known = {str(one) for one in sealed_columns()}
    assert named - known == {"webhooks.sort_key", "channels.sort_key"} & named
    of_webhooks = {one.key for one in sealed_columns() if one.table is Webhook.__table__}
    assert of_webhooks == CONTEXTS.keys()


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


@ON_POSTGRESQL
def test_processes_that_start_at_once_on_an_empty_database_all_start(make_engine: MakeApp) -> None:
    app = make_engine()

    def is_quicker(*_: object) -> None:
        with db.engine.begin() as another:
            check = current_vault().encrypt("", KEY_CHECK)
            another.execute(insert(Installation).values(id=1, key_check=check))

    event.listen(Session, "before_flush", is_quicker, once=True)
    process.check_keys(app)
    process.check_keys(app)
