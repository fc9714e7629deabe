"""`webhooks-ui backup` and `restore`: database and keys, while it runs, whole or not at all."""

import json
import os
import shutil
import tarfile
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.audit.conftest import only
from tests.cli.conftest import Run
from tests.conftest import make_webhook, sign_in
from tests.engine.conftest import send
from tests.support.api import Platform
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.server import Server
from tests.support.waiting import wait_until
from tools.provide import find_postgres
from webhooks_ui import create_app
from webhooks_ui.crypto import keys
from webhooks_ui.database import archive
from webhooks_ui.database.engine import db
from webhooks_ui.database.files import alone_in
from webhooks_ui.models import Event, Webhook
from webhooks_ui.server import process


@pytest.fixture
def console(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A console that runs, with a webhook that has a secret, and two events."""
    use(app.config["DATABASE_URL"], monkeypatch)
    programs = find_postgres()
    if programs:
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    process.check_keys(app)
    make_webhook(sign_in(app, "olena"), auth_type="bearer", auth_token="secret-1")
    send(app, 2)
    return app


def use(url: str, monkeypatch: pytest.MonkeyPatch, data_dir: Path | None = None) -> None:
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", url)
    if data_dir:
        monkeypatch.setenv("WEBHOOKS_UI_DATA_DIR", str(data_dir))


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, console: Flask
) -> tuple[Path, str]:
    """A data folder and a database, both new."""
    folder = tmp_path / "new"
    if database == "sqlite":
        return folder, f"sqlite:///{folder}/webhooks.db"
    return folder, request.getfixturevalue("postgres").create_database()


def what_is_in(folder: Path, url: str) -> tuple[int, str]:
    """The events of an installation, and the secret of its webhook."""
    app = create_app({"DATA_DIR": folder, "DATABASE_URL": url}, pages=False)
    try:
        process.check_keys(app)
        with app.app_context():
            events = db.session.query(Event).count()
            webhook = db.session.query(Webhook).one()
            return events, webhook.settings(app.extensions["vault"]).authorization.secret
    finally:
        process.close(app)


@pytest.mark.process
@ON_BOTH_DATABASES
def test_made_beside_posters_it_has_all_that_was_answered_before_and_serves_elsewhere(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With processes and over HTTP; `make bench ARGS=backing_up` has 200 events a second."""
    if programs := find_postgres():
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    server, other = (
        Server(tmp_path / name, **_database(database, request)) for name in ("data", "new")
    )
    file = tmp_path / "hooks.backup"
    with server:
        token = server.command("token", "add", "Platform").strip()
        with Platform([server.url], token) as platform:
            wait_until(platform.has(20), what="events before")
            before = dict(platform.accepted)
            server.command("backup", str(file))
            wait_until(platform.has(len(platform.accepted) + 20), what="events after")
        assert platform.unexpected == []
    assert file.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in tmp_path.iterdir()} == {"data", "new", file.name}

    other.command("restore", str(file))
    assert (tmp_path / "new/secret_key").read_text() == (tmp_path / "data/secret_key").read_text()
    with other:
        assert _sent_again(other.url, token, before) == [(one, True) for one in before.values()]


def _database(kind: str, request: pytest.FixtureRequest) -> dict[str, str]:
    if kind == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("postgres").create_database()}


def _sent_again(url: str, token: str, accepted: dict[str, str]) -> list[tuple[str, bool]]:
    """The id of each event that is sent again under the sender's own, and whether it was known."""
    same = [{"type": "message_created", "id": one, "data": {"id": one}} for one in accepted]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"events": same}).encode()
    asked = urllib.request.Request(f"{url}/api/v1/events/batch", body, headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return [(one["id"], one["duplicate"]) for one in json.load(answer)["events"]]


@ON_BOTH_DATABASES
def test_what_came_after_is_gone_and_the_rest_is_in_use_again(
    console: Flask, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", str(file))
    assert only(console, "database.backed_up").topic == "export"
    send(console, 3)
    in_use = run("restore", "--yes", str(file))
    assert in_use.exit_code == 1
    assert "Stop every process" in in_use.stderr
    process.close(console)
    declined = run("restore", str(file), stdin="n\n")
    assert declined.exit_code == 1
    assert what_is_in(console.config["DATA_DIR"], console.config["DATABASE_URL"])[0] == 5
    assert run("restore", "--yes", str(file)).exit_code == 0
    assert what_is_in(console.config["DATA_DIR"], console.config["DATABASE_URL"])[0] == 2
    assert only(console, "database.restored").actor_kind == "command"


def test_without_keys_it_needs_those_of_the_installation(
    console: Flask,
    run: Run,
    tmp_path: Path,
    data_dir: Path,
    elsewhere: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", "--no-keys", str(file))
    with tarfile.open(file) as found:
        assert found.getnames() == [archive.MANIFEST, archive.DATABASE]
    use(elsewhere[1], monkeypatch, elsewhere[0])
    refused = run("restore", str(file))
    assert refused.exit_code == 1
    assert f"need the key {console.extensions['vault'].key_ids[0]}" in refused.stderr
    assert not (elsewhere[0] / "webhooks.db").exists()
    shutil.copy(data_dir / "encryption_keys", elsewhere[0])
    assert run("restore", str(file)).exit_code == 0
    assert what_is_in(*elsewhere) == (2, "secret-1")


def test_after_a_new_key_a_backup_of_the_former_one_is_put_back(
    console: Flask, run: Run, tmp_path: Path, data_dir: Path
) -> None:
    file, former = tmp_path / "hooks.backup", keys.read_encryption_keys(data_dir)
    run("backup", str(file))
    run("rotate-key")
    run("rotate-key", "--drop-old")
    process.close(console)
    assert run("restore", "--yes", str(file)).exit_code == 0
    assert keys.read_encryption_keys(data_dir) == former
    assert what_is_in(data_dir, console.config["DATABASE_URL"]) == (2, "secret-1")


def test_a_damaged_database_is_replaced(
    console: Flask, run: Run, tmp_path: Path, data_dir: Path
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", str(file))
    process.close(console)
    (data_dir / "webhooks.db").write_bytes(b"\xa5" * 8192)
    assert run("restore", "--yes", str(file)).exit_code == 0
    assert what_is_in(data_dir, console.config["DATABASE_URL"]) == (2, "secret-1")


def test_two_backups_of_one_name_do_not_meet(
    console: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write, ended = tmp_path / "hooks.backup", archive.write, list[Result]()

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.setattr(archive, "write", write)
        ended.extend(run("backup", str(one)) for one in (file, tmp_path / "other.backup"))
        write(*arguments)

    monkeypatch.setattr(archive, "write", meanwhile)
    assert run("backup", str(file)).exit_code == 0
    same, other = ended
    assert (same.exit_code, "Another backup" in same.stderr, other.exit_code) == (1, True, 0)
    assert {one.name for one in tmp_path.glob("*.backup*")} == {"hooks.backup", "other.backup"}
    archive.read(file)


@pytest.mark.parametrize("command", [("restore", "--yes"), ("rotate-key",)])
def test_what_changes_the_keys_is_alone(
    console: Flask, run: Run, tmp_path: Path, data_dir: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", str(file))
    arguments = (*command, str(file)) if command[0] == "restore" else command
    with alone_in(data_dir, ValueError()):
        result = run(*arguments)
    assert (result.exit_code, "Another restore or rotate-key" in result.stderr) == (1, True)
    process.close(console)
    assert run(*arguments).exit_code == 0
    assert what_is_in(data_dir, console.config["DATABASE_URL"]) == (2, "secret-1")


def test_a_file_that_is_no_backup_is_neither_read_nor_overwritten(
    console: Flask, run: Run, tmp_path: Path, data_dir: Path
) -> None:
    live = data_dir / "webhooks.db"
    for command in ("backup", "restore"):
        result = run(command, str(live))
        assert result.exit_code == 1
        assert "is no backup of webhooks-ui" in result.stderr
    assert run("restore", str(tmp_path / "missing")).stderr.startswith("Error: There is no file")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_damaged_backup_changes_nothing(
    console: Flask, run: Run, tmp_path: Path, data_dir: Path, share: float
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", str(file))
    content = bytearray(file.read_bytes())
    content[int(len(content) * share)] ^= 0xFF
    file.write_bytes(content)
    process.close(console)
    result = run("restore", "--yes", str(file))
    assert result.exit_code == 1
    assert "damaged" in result.stderr
    file.write_bytes(content[: int(len(content) * share)])
    assert run("restore", "--yes", str(file)).exit_code == 1
    assert what_is_in(data_dir, console.config["DATABASE_URL"]) == (2, "secret-1")


def test_a_backup_of_a_newer_version_or_of_the_other_database_is_refused(
    console: Flask, run: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy" / archive.DATABASE
    copy.parent.mkdir()
    copy.write_bytes(b"x")
    file = tmp_path / "hooks.backup"
    for kind, schema, reason in (
        ("sqlite", "9999", "a newer version"),
        ("postgresql", "0001", "a backup of postgresql"),
    ):
        manifest = archive.Manifest(
            "webhooks-ui 9", "2026-11-28T10:00:00+00:00", kind, schema, None
        )
        archive.write(file, manifest, copy, {})
        result = run("restore", "--yes", str(file))
        assert result.exit_code == 1
        assert reason in result.stderr
