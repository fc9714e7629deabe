"""Each start of a console or a worker is in the log; the console's own workers are not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.program import Program
from tests.support.server import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process


def started(folder: Path) -> list[tuple[str, str]]:
    """Which commands were run, by whom."""
    query = (
        "SELECT object_id, actor_kind FROM audit_entries WHERE action = 'command.run' ORDER BY id"
    )
    with closing(sqlite3.connect(folder / "webhooks.db")) as database:
        return database.execute(query).fetchall()


def test_each_start_is_an_entry(tmp_path: Path) -> None:
    server = Server(tmp_path)
    for _ in range(2):
        with server:
            pass
    worker = Program("worker", environ=server.environ, log=tmp_path / "worker.log")
    try:
        wait_until(lambda: len(started(tmp_path)) == 3, what="the worker's entry")
    finally:
        worker.terminate()
        assert worker.wait(60) == 0
    assert started(tmp_path) == [("serve", "command"), ("serve", "command"), ("worker", "command")]
