"""`webhooks-ui rotate-key`: every secret comes under a new key, while the console runs."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.accounts.test_second_factor import code_of
from tests.audit.conftest import only
from tests.cli.conftest import Run
from tests.conftest import make_webhook, sign_in, stored
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.accounts import second_factor
from webhooks_ui.authorization.extra_headers import ExtraHeader
from webhooks_ui.crypto import keys
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.models import Source, User, Webhook, installation
from webhooks_ui.models.source_changes import SourceSettings, make
from webhooks_ui.server import process

pytestmark = ON_BOTH_DATABASES


@pytest.fixture
def filled(app: Flask, monkeypatch: pytest.MonkeyPatch, run: Run) -> Flask:
    """A console that runs, with a secret in every encrypted column."""
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", app.config["DATABASE_URL"])
    process.check_keys(app)
    browser = sign_in(app, "olena")
    webhook = make_webhook(browser, auth_type="bearer", auth_token="secret-1")
    browser.post(f"/webhooks/{webhook}/rotate-secret")
    with app.app_context():
        vault = app.extensions["vault"]
        with transaction():
            found = Webhook.by_public_id(webhook)
            assert found is not None
            found.use_tls(TlsOptions(True, "", "", "a client's key"), vault)
            found.use_headers([ExtraHeader("X-Tenant", "acme")], vault)
            found.access_token = vault.encrypt("of a provider", found.secret_context("token"))
            found.access_token = vault.encrypt("a token", found.secret_context("token"))
        make("chatwoot", SourceSettings("Chatwoot", "of Chatwoot"), vault)
        secret = second_factor.new_secret()
        user = User.by_login("olena")
        assert user is not None
        assert second_factor.enable(user.id, secret, code_of(secret))
        filled_columns = [
            one for one in installation.sealed_columns() if db.session.scalar(select(one))
        ]
        assert filled_columns == installation.sealed_columns()  # a new one is to be filled here
    return app


def secrets_of(app: Flask) -> list[Any]:
    """Every secret, as this process reads it."""
    vault: Vault = app.extensions["vault"]
    with app.app_context():
        webhook = db.session.scalars(select(Webhook)).one()
        source = db.session.scalars(select(Source)).one()
        user = db.session.scalars(select(User)).one()
        previous = vault.decrypt(
            webhook.previous_signing_secret or "", webhook.secret_context("signing")
        )
        return [
            webhook.settings(vault).authorization.secret,
            webhook.tls_options(vault).key,
            vault.decrypt(webhook.access_token or "", webhook.secret_context("token")),
            webhook.signing_secret
            and vault.decrypt(webhook.signing_secret, webhook.secret_context("signing")),
            previous,
            vault.decrypt(webhook.access_token or "", webhook.secret_context("token")),
            [one.value for one in webhook.extra_headers(vault)],
            source.signing_secret(vault),
            vault.decrypt(user.totp_secret or "", user.secret_context),
        ]


def test_every_secret_comes_under_a_new_key(filled: Flask, run: Run, data_dir: Path) -> None:
    before, former = secrets_of(filled), filled.extensions["vault"].key_ids
    result = run("rotate-key")
    assert result.exit_code == 0, result.output
    new, old = keys.read_encryption_keys(data_dir)
    assert filled.extensions["vault"].key_ids == former  # nobody has told it yet
    assert secrets_of(filled) == before
    assert filled.extensions["vault"].key_ids == Vault([new, old]).key_ids
    with filled.app_context():
        assert installation.under_older_keys() == 0
    assert only(filled, "encryption_key.rotated").details == {
        "key": Vault([new]).key_ids[0],
        "count": len(installation.sealed_columns()),
    }
    assert (data_dir / "encryption_keys").stat().st_mode & 0o777 == 0o600


def test_what_a_running_console_saves_next_is_under_the_new_key(filled: Flask, run: Run) -> None:
    run("rotate-key")
    webhook = make_webhook(sign_in(filled, "olena"), auth_type="bearer", auth_token="secret-2")
    with filled.app_context():
        newest = filled.extensions["vault"].newest_start
        assert installation.under_older_keys() == 0
    assert (stored(filled, webhook).auth_secret or "").startswith(newest)


def test_former_keys_go_once_nothing_needs_them(
    filled: Flask, run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = secrets_of(filled)
    run("rotate-key")
    with monkeypatch.context() as patch:
        new = keys.new_encryption_key()
        (data_dir / "encryption_keys").write_text(
            f"{new}\n{(data_dir / 'encryption_keys').read_text()}"
        )
        patch.setattr(installation, "re_encrypt", lambda: iter(()))
        refused = run("rotate-key", "--drop-old")
        assert refused.exit_code == 1
        assert "still encrypted under a former key" in refused.stderr
    assert run("rotate-key").exit_code == 0
    assert run("rotate-key", "--drop-old").exit_code == 0
    assert len(keys.read_encryption_keys(data_dir)) == 1
    assert secrets_of(filled) == before


def test_keys_of_a_setting_are_changed_there(
    filled: Flask, run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = data_dir / "encryption_keys"
    old = file.read_text().strip()
    monkeypatch.setenv("WEBHOOKS_UI_ENCRYPTION_KEYS", old)
    asked = run("rotate-key")
    assert asked.exit_code == 1
    assert "put this new key first" in asked.stderr.lower()
    monkeypatch.setenv("WEBHOOKS_UI_ENCRYPTION_KEYS", f"{asked.stdout.strip()},{old}")
    assert run("rotate-key").exit_code == 0
    assert file.read_text().strip() == old
