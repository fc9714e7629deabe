"""Duties killed by SIGKILL at their worst moments: the next run finishes, nothing is half."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.cli.conftest import Run
from tests.conftest import make_webhook, sign_in
from tests.engine.conftest import send
from tests.operations.test_backup import what_is_in
from tests.operations.test_move import rows
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.postgres import Postgres
from tests.support.program import Program
from tests.support.waiting import wait_until
from tools.provide import find_postgres
from webhooks_ui import create_app
from webhooks_ui.crypto import keys
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel, installation
from webhooks_ui.server import process

pytestmark = pytest.mark.process
KillAt = Callable[..., None]


@pytest.fixture
def console(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An installation with a webhook that has a secret, and two events; nobody is connected."""
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", app.config["DATABASE_URL"])
    if programs := find_postgres():
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    process.check_keys(app)
    make_webhook(sign_in(app, "olena"), auth_type="bearer", auth_token="secret-1")
    send(app, 2)
    process.close(app)
    return app


@pytest.fixture
def kill_at(tmp_path: Path) -> KillAt:
    """Runs a command that is killed when a function returns."""

    def kill(moment: str, *arguments: str) -> None:
        log = tmp_path / "killed.log"
        killed = Program(*arguments, environ=os.environ, log=log, killed_at=moment)
        try:
            assert killed.wait(60) == -signal.SIGKILL, log.read_text()
        finally:
            killed.kill()
        log.unlink()

    return kill


def installed(console: Flask) -> tuple[int, str]:
    """The events, and the secret of the webhook."""
    return what_is_in(console.config["DATA_DIR"], console.config["DATABASE_URL"])


@ON_BOTH_DATABASES
def test_a_backup_leaves_the_earlier_one_until_it_is_whole(
    console: Flask, run: Run, kill_at: KillAt, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    file = folder / "hooks.backup"
    assert run("backup", str(file)).exit_code == 0
    before = file.read_bytes()
    for moment in (f"{_copies(console)}.save", "archive.read"):
        kill_at(moment, "backup", str(file))
        assert file.read_bytes() == before
        assert len([*folder.iterdir()]) == 2
    assert run("backup", str(file)).exit_code == 0
    assert [*folder.iterdir()] == [file]
    process.close(console)
    assert run("restore", "--yes", str(file)).exit_code == 0
    assert installed(console) == (2, "secret-1")


@ON_BOTH_DATABASES
def test_a_restore_leaves_the_one_database_or_the_other_with_its_keys(
    console: Flask, run: Run, kill_at: KillAt, tmp_path: Path
) -> None:
    file = tmp_path / "hooks.backup"
    run("backup", str(file))
    run("rotate-key")
    run("rotate-key", "--drop-old")
    send(console, 1)
    process.close(console)
    copies = _copies(console)
    moments = {
        f"{copies}.verify": [3],
        "keys.write_encryption_keys": [3],
        f"{copies}.replace": [2],
        "keys.write_encryption_keys#2": [2],
    }
    if copies == "postgres_copy":
        moments["subprocess._execute_child#3"] = [2, 3]  # psql runs on, and commits or not
    for moment, events in moments.items():
        kill_at(moment, "restore", "--yes", str(file))
        assert installed(console) in [(count, "secret-1") for count in events], moment
    wait_until(lambda: run("restore", "--yes", str(file)).exit_code == 0, what="the next run")
    assert installed(console) == (2, "secret-1")


def _copies(console: Flask) -> str:
    is_sqlite = console.config["DATABASE_URL"].startswith("sqlite")
    return "sqlite_copy" if is_sqlite else "postgres_copy"


@ON_BOTH_DATABASES
def test_a_key_rotation_leaves_every_secret_readable_and_is_one_in_the_end(
    console: Flask, run: Run, kill_at: KillAt, data_dir: Path
) -> None:
    for moment in ("keys.write_encryption_keys", "installation._encrypt_some#4"):
        kill_at(moment, "rotate-key")
        assert installed(console) == (2, "secret-1")
    assert run("rotate-key").exit_code == 0
    with console.app_context():
        assert installation.under_older_keys() == 0
    assert len(keys.read_encryption_keys(data_dir)) == 2  # one rotation, however often it began
    kill_at("files.draft", "rotate-key", "--drop-old")
    assert installed(console) == (2, "secret-1")
    assert run("rotate-key", "--drop-old").exit_code == 0
    assert installed(console) == (2, "secret-1")


def test_a_move_leaves_nothing_there_until_all_of_it_is(
    console: Flask, run: Run, kill_at: KillAt, postgres: Postgres, data_dir: Path
) -> None:
    before, url = rows(console), postgres.create_database()
    there = create_app({"DATA_DIR": data_dir, "DATABASE_URL": url}, pages=False)
    for moment in ("migrate.upgrade", "moving._copy#20"):
        kill_at(moment, "move", url)
        assert not any(rows(there).values()), moment
    moved = run("move", url)
    assert moved.exit_code == 0
    assert "webhooks\n" in moved.stderr  # the progress
    assert rows(there) == before == rows(console)


def test_an_import_changes_all_or_nothing(
    console: Flask, run: Run, kill_at: KillAt, tmp_path: Path
) -> None:
    file = tmp_path / "hooks.yaml"
    channels = ", ".join(f"{{key: c{n}, name: Channel {n}, kind: api}}" for n in range(3))
    file.write_text(f"version: 1\nchannels: [{channels}]\nsources: [{{name: Chatwoot}}]\n")
    kill_at("recording.record", "import", str(file))
    assert _channels(console) == 0
    assert run("import", str(file)).exit_code == 0
    assert _channels(console) == 3


def _channels(console: Flask) -> int:
    with console.app_context():
        return db.session.query(Channel).count()
