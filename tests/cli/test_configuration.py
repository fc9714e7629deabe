"""`webhooks-ui export` and `import`: the configuration as a file that changes nothing by itself."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audit.conftest import actions, entries
from tests.cli.conftest import Run
from tests.conftest import make_webhook, sign_in, stored
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.api.configuration import files, importing, planning
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Source, Webhook
from webhooks_ui.models.source_changes import SourceSettings, make
from webhooks_ui.server import process

PASSPHRASE = "five lanterns over quiet water"
FILTERS = {
    "match": "any",
    "conditions": [{"path": "message_type", "operator": "equals", "value": "incoming"}],
}


@pytest.fixture
def filled(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A console with a channel, a webhook with a secret and a source with one."""
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", app.config["DATABASE_URL"])
    monkeypatch.setattr("webhooks_ui.validation.webhook.refused_by", lambda *_: None)  # no DNS
    process.check_keys(app)
    with app.app_context(), transaction():
        db.session.add(Channel(key="sales", name="Продажі", kind="telegram"))
    own = {"headers-0-name": "X-Team", "headers-0-value": "secret-2", "template_body": "{{ id }}"}
    secret = {"auth_type": "bearer", "auth_token": "secret-1"}
    make_webhook(sign_in(app, "olena"), channel="sales", **secret, **own)
    with app.app_context():
        make("chatwoot", SourceSettings("Chatwoot", "of Chatwoot"), current_vault())
    return app


def exported(run: Run, *options: str, stdin: str = "") -> str:
    result = run("export", "-", *options, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def imported(run: Run, tmp_path: Path, text: str, *options: str) -> Any:
    file = tmp_path / "hooks.yaml"
    file.write_text(text)
    return run("import", str(file), *options)


def changed(text: str, **members: Any) -> str:
    """The file with these members in its webhook."""
    found = yaml.safe_load(text)
    found["webhooks"][0] |= members
    return yaml.safe_dump(found)


@ON_BOTH_DATABASES
def test_importing_an_export_changes_nothing(filled: Flask, run: Run, tmp_path: Path) -> None:
    text = exported(run)
    assert text == exported(run)
    assert "secret-1" not in text
    assert "of Chatwoot" not in text
    assert actions(filled)[-1] == "configuration.exported"
    before = len(entries(filled, topic="change"))
    result = imported(run, tmp_path, text)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert len(entries(filled, topic="change")) == before
    assert exported(run) == text


def test_a_file_is_written_whole_or_not_at_all(
    filled: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hooks.yaml"
    assert run("export", str(file)).exit_code == 0
    before = file.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("export", str(file))
    assert (result.exit_code, "No space left" in result.stderr) == (1, True)
    assert (file.read_text(), [*tmp_path.glob("*.yaml*"), *tmp_path.glob(".*yaml*")]) == (
        before,
        [file],
    )


@ON_BOTH_DATABASES
def test_a_difference_is_shown_first_and_applied_at_once(
    filled: Flask, run: Run, tmp_path: Path
) -> None:
    text = changed(exported(run), name="CRM of tomorrow", filters=FILTERS)
    public_id = yaml.safe_load(text)["webhooks"][0]["id"]
    shown = imported(run, tmp_path, text, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "-  name: CRM\n+  name: CRM of tomorrow\n" in shown.stdout
    assert stored(filled, public_id).name == "CRM"
    done = imported(run, tmp_path, text)
    assert done.stdout == shown.stdout
    webhook = stored(filled, public_id)
    assert (webhook.name, webhook.filters) == ("CRM of tomorrow", FILTERS)
    assert actions(filled)[-2:] == ["configuration.imported", "webhook.changed"]
    assert webhook.authorization(filled.extensions["vault"]).secret == "secret-1"
    assert imported(run, tmp_path, text).stdout == ""


@ON_BOTH_DATABASES
def test_with_a_passphrase_everything_comes_into_an_empty_console(
    filled: Flask, run: Run, tmp_path: Path
) -> None:
    text = exported(run, "--passphrase-file", "-", stdin=f"{PASSPHRASE}\n")
    assert "secret-1" not in text
    with filled.app_context():
        before = files.write()
        webhook = db.session.query(Webhook).one()
        signing = webhook.signing_secrets(current_vault(), webhook.created_at)
        hashes = [one.token_hash for one in db.session.query(Source)]
        with transaction():
            for model in (Webhook, Source, Channel):
                for row in db.session.query(model):
                    db.session.delete(row)
    key = tmp_path / "passphrase"
    key.write_text("another passphrase")
    refused = imported(run, tmp_path, text, "--passphrase-file", str(key))
    assert refused.exit_code == 1
    assert "/encryption: This is not the passphrase of this file." in refused.stderr
    assert imported(run, tmp_path, text).exit_code == 1
    key.write_text(PASSPHRASE)
    done = imported(run, tmp_path, text, "--passphrase-file", str(key))
    assert done.exit_code == 0, done.output
    assert "secret-1" not in done.stdout
    with filled.app_context():
        assert files.write() == before
        webhook = db.session.query(Webhook).one()
        vault = current_vault()
        assert webhook.authorization(vault).secret == "secret-1"
        assert webhook.signing_secrets(vault, webhook.created_at) == signing
        source = db.session.query(Source).one()
        assert source.signing_secret(vault) == "of Chatwoot"
        assert [source.token_hash] == hashes


@pytest.mark.usefixtures("filled")
def test_what_form_and_api_refuse_is_refused_with_its_place(run: Run, tmp_path: Path) -> None:
    text = exported(run)
    for members, place, words in REFUSED:
        found = yaml.safe_load(changed(text, **members))
        found["channels"][0]["name"] = "Not to be kept"
        result = imported(run, tmp_path, yaml.safe_dump(found))
        assert result.exit_code == 1, members
        assert any(line.startswith(place) for line in result.stderr.splitlines()), members
        assert words in result.stderr
    assert exported(run) == text


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"events": []}, "/webhooks/0/events", "Choose at least one event."),
    ({"url": "ftp://crm.example"}, "/webhooks/0/url", ""),
    ({"channel": "nowhere"}, "/webhooks/0/channel", "no longer exists"),
    ({"colour": "red"}, "/webhooks/0/colour", "This is not known here."),
    ({"enabled": "no"}, "/webhooks/0/enabled", "true or false"),
    ({"id": "wh_1"}, "/webhooks/0/id", "as an export has it"),
    ({"filters": {"conditions": [{"path": "]", "operator": "equals"}]}}, "/webhooks/0", ""),
    ({"url": "https://other.example/"}, "/webhooks/0/authorization/token", "Enter this again"),
]


@pytest.mark.usefixtures("filled")
def test_what_is_no_configuration_is_refused(run: Run, tmp_path: Path) -> None:
    for text in NO_CONFIGURATION:
        result = imported(run, tmp_path, text)
        assert result.exit_code == 1, text[:80]
        assert result.stderr.startswith("/"), text[:80]


TWIN = f"{{name: A, token_hash: {'a' * 64}}}"
NO_CONFIGURATION = (
    "",
    "- a",
    "version: 2",
    "version: 1\nwebhooks: 5",
    "version: 1\nsecrets: []",
    "version: 1\nversion: 1",
    "a: &a [x]\nb: *a",
    "version: 1\nwebhooks: [!!python/object/apply:os.getcwd []]",
    "[" * 5_000,
    "version: 1\nchannels: [{key: a, name: A}, {key: a, name: B}]",
    "version: 1\nchannels: [{key: a, name: !!binary aGk=}]",
    "version: 1\nchannels: [{key: a, name: !!timestamp 2026-01-21}]",
    "version: 1\nsources: [{name: !!set {a}}]",
    f"version: 1\nsources: [{{name: 0x{'f' * 4_000}}}]",
    "version: 1\nsources: [{name: ' '}]",
    f"version: 1\nsources: [{TWIN}, {TWIN}]",
    "version: 1\nencryption: {salt: x}",
)


def test_a_new_webhook_may_name_a_new_channel_and_have_its_secret_in_clear(
    filled: Flask, run: Run, tmp_path: Path
) -> None:
    text = """
version: 1
channels: [{key: new, name: New, kind: api}]
webhooks:
- url: https://crm.example/new
  events: [message_created]
  channel: new
  authorization: {type: bearer, token: secret-9}
sources: [{name: Second}]
"""
    assert imported(run, tmp_path, text).exit_code == 0
    with filled.app_context():
        webhook = db.session.query(Webhook).order_by(Webhook.id.desc()).first()
        assert webhook
        assert webhook.channel
        assert webhook.channel.key == "new"
        assert webhook.authorization(current_vault()).secret == "secret-9"
        assert db.session.query(Source).count() == 2


def test_a_token_stays_that_of_one_source(filled: Flask, run: Run, tmp_path: Path) -> None:
    with filled.app_context():
        taken = db.session.query(Source.token_hash).scalar()
    text = f"version: 1\nsources: [{{name: Another, token_hash: '{taken}'}}]"
    result = imported(run, tmp_path, text)
    assert (result.exit_code, result.stderr[:22]) == (1, "/sources/0/token_hash:")


def test_one_that_somebody_has_changed_meanwhile_is_not_overwritten(
    filled: Flask, run: Run
) -> None:
    text = changed(exported(run), name="Theirs")
    with filled.app_context():
        plan = planning.plan(text)
        with transaction():
            db.session.query(Webhook).one().name = "Ours"
        with pytest.raises(ImportFaults, match="Somebody has changed"):
            importing.apply(plan, None)
        assert db.session.query(Webhook).one().name == "Ours"


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, value=st.one_of(NAMES, st.booleans(), st.integers(-9, 9), st.none()))
def test_whatever_is_set_up_survives_the_file(filled: Flask, name: str, value: Any) -> None:
    """Names such as `no`, `~`, `1_0` or `2026-01-01`, which YAML takes for something else."""
    with filled.app_context():
        with transaction():
            webhook = db.session.query(Webhook).one()
            webhook.name = name
            condition = {"path": "x", "operator": "equals", "value": value}
            webhook.filters = {"match": "all", "conditions": [condition]}
        text = files.write()
        plan = planning.plan(text)
        assert plan.webhooks[0].settings.name == name.strip()
        assert importing.difference(plan) == []
        assert importing.apply(plan, None) == []
        assert files.write() == text
