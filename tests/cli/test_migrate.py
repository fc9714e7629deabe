"""Only `serve`, `worker` and `migrate` change a schema; a newer or damaged database is one line."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import flask_migrate
import pytest
from flask import Flask

from tests.audit.conftest import only
from tests.cli.conftest import Run
from webhooks_ui.cli.main import main
from webhooks_ui.database.migrate import prepare_migrations

MIGRATING = (("serve", "--port", "0"), ("worker",), ("migrate",))
LEAVING_IT = (
    *(("user", verb, "olena") for verb in ("add", "remove", "remove-second-factor", "password")),
    *(("user", "list"), ("token", "list"), ("token", "add", "platform"), ("token", "revoke", "1")),
    *(("channel", "add", "key", "name"), ("event", "send", "message_created")),
    *(("prune",), ("rotate-key",), ("export", "-")),
)
WITHOUT_A_DATABASE = {("listen",), ("completion",)}
ANOTHER_WAY = {("doctor",), ("backup",), ("restore",), ("import",), ("move",)}
"""`doctor` says it as a finding, `backup` saves what there is before an upgrade, `import` reads its
file first; the others bring a database.
"""


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


def test_every_command_is_tried() -> None:
    groups = {name for name, each in main.commands.items() if isinstance(each, click.Group)}
    given = (*MIGRATING, *LEAVING_IT)
    tried = {each[: 2 if each[0] in groups else 1] for each in given}
    assert set(commands(main)) == tried | WITHOUT_A_DATABASE | ANOTHER_WAY


PASSWORDS = "plum copper violin 42\n" * 2


@pytest.mark.parametrize("command", [*MIGRATING, *LEAVING_IT], ids=" ".join)
def test_a_database_of_a_newer_version_is_one_line(
    run: Run, data_dir: Path, command: tuple[str, ...]
) -> None:
    with closing(sqlite3.connect(data_dir / "webhooks.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = run(*command, stdin=PASSWORDS)
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: The database was made by a newer version")
    assert found.stderr.count("\n") == 1


def test_a_command_leaves_an_older_schema_to_the_server(app: Flask, run: Run) -> None:
    prepare_migrations(app)
    with app.app_context():
        flask_migrate.downgrade(revision="0008")
        flask_migrate.downgrade()
    for command in LEAVING_IT:
        found = run(*command, stdin=PASSWORDS)
        assert (found.exit_code, found.stdout) == (1, ""), command
        assert found.stderr.startswith("Error: The database is not set up for this version.")
        assert "webhooks-ui migrate" in found.stderr
    for _ in range(2):
        assert run("migrate").stdout == "The database is up to date.\n"
    assert only(app, "database.migrated").actor_kind == "command"
    assert run("token", "add", "platform").exit_code == 0


def test_a_command_may_be_the_first_to_run(run: Run, data_dir: Path) -> None:
    (data_dir / "webhooks.db").unlink()
    assert run("token", "add", "platform").exit_code == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///file:{}/webhooks.db?mode=ro&uri=true", "attempt to write a readonly database"),
        ("sqlite:///{}/nowhere/webhooks.db", "unable to open database file"),
    ],
)
def test_a_database_file_that_cannot_be_written_is_one_line(
    run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("WEBHOOKS_UI_DATABASE_URL", url.format(data_dir))
    found = run("token", "add", "platform")
    assert found.exit_code == 1
    assert found.stderr.startswith(f"Error: The database file cannot be written: {reason}.")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("migrate",), ("token", "add", "platform")], ids=" ".join)
@pytest.mark.parametrize("spoiled", [b"no database at all" * 400, b""], ids=["other", "pages"])
def test_a_damaged_database_file_is_one_line_that_says_what_to_do(
    run: Run, data_dir: Path, spoiled: bytes, command: tuple[str, ...]
) -> None:
    file = data_dir / "webhooks.db"
    for beside in data_dir.glob("webhooks.db-*"):
        beside.unlink()
    content = file.read_bytes()
    file.write_bytes(spoiled or content[:4096] + b"\xff" * (len(content) - 4096))
    found = run(*command)
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: The database file is damaged: ")
    assert "webhooks-ui restore" in found.stderr
    assert found.stderr.count("\n") == 1
