"""PostgreSQL behind PgBouncer in transaction mode: docs/scale-out.md, on the real program."""

import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from tests.engine.conftest import deliveries, ended, send, subscribe, working
from tests.support.apps import MakeApp
from tests.support.receiver import Receiver
from tests.support.waiting import free_port, wait_until
from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue import holders
from webhooks_ui.delivery.worker import loop

pytestmark = [
    pytest.mark.skipif(not shutil.which("pgbouncer"), reason="no pgbouncer"),
    pytest.mark.parametrize("make_engine", ["postgresql"], indirect=True),
]
CONFIGURATION = """
[databases]
* = host={host} user=tester
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@contextmanager
def pooler(url: str, folder: Path) -> Iterator[str]:
    """The same database by way of PgBouncer, which refuses to run as root."""
    port, direct = free_port(), make_url(url)
    file = folder / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(host=direct.query["host"], port=port))
    file.chmod(0o644)  # whatever the umask, which our own commands set
    user: dict[str, Any] = {}
    if not_root := next((e for e in pwd.getpwall() if e.pw_name == "postgres"), None):
        user = {"user": not_root.pw_uid, "extra_groups": []}
    with file.open() as given:
        command = ["pgbouncer", f"/dev/fd/{given.fileno()}"]
        process = subprocess.Popen(command, pass_fds=[given.fileno()], cwd="/", **user)
    try:
        wait_until(lambda: is_open(port), what="PgBouncer")
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/{direct.database}"
    finally:
        process.kill()  # from 1.23 on SIGTERM waits for its clients
        process.wait(20)


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture
def pooled(make_engine: MakeApp, tmp_path: Path) -> Iterator[Flask]:
    url = make_engine().config["DATABASE_URL"]
    with pooler(url, tmp_path) as through:
        yield make_engine(DATABASE_URL=through, DATABASE_LISTEN_URL=url)


def test_events_come_in_wake_the_worker_and_are_delivered(
    pooled: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_EVERY", 600.0)  # it is woken, or it sleeps
    subscribe(pooled, receiver.url)

    with working(pooled):
        for count in range(10, 60, 10):
            send(pooled, 10)
            ended(pooled, count)

    assert {delivery.status for delivery in deliveries(pooled)} == {"succeeded"}
    ids = [request.header("webhook-id") for request in receiver.requests()]
    assert len(set(ids)) == len(ids) == 50


def test_a_worker_is_seen_to_live_and_to_die(pooled: Flask) -> None:
    with pooled.app_context():
        with working(pooled) as worker:
            number = worker._alarm.holder
            assert number
            assert holders.dead(db.session.connection(), [number]) == set()
        db.session.rollback()
        wait_until(lambda: is_dead(number), what="the end of its session")


def is_dead(number: int) -> bool:
    found = holders.dead(db.session.connection(), [number])
    db.session.rollback()
    return bool(found)


def test_nothing_is_prepared_for_a_session_that_may_be_another_one_next_time(pooled: Flask) -> None:
    with pooled.app_context():
        for _ in range(20):
            db.session.execute(text("SELECT 1")).all()
        assert db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
        db.session.rollback()
