"""kill -9 in the middle of the work: nothing that was accepted is lost, and it goes on at once.

Nobody waits here for the leases of the dead, which hold for a minute and a half.
"""

import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.engine.conftest import StartWorker, deliveries, ended, send, subscribe
from tests.support.api import Platform
from tests.support.apps import MakeApp
from tests.support.program import Program
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Delivery, Event, Token

pytestmark = pytest.mark.process

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "1"))


@pytest.fixture
def environ(make_engine: MakeApp) -> dict[str, str]:
    config = make_engine().config
    return {
        "WEBHOOKS_UI_DATA_DIR": str(config["DATA_DIR"]),
        "WEBHOOKS_UI_DATABASE_URL": config["DATABASE_URL"],
        "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
        "WEBHOOKS_UI_DELIVERY_TIMEOUT": "20",
    }


@pytest.mark.parametrize("seed", range(1, ROUNDS + 1))
def test_a_killed_worker_loses_nothing(
    make_engine: MakeApp,
    environ: dict[str, str],
    receiver: Receiver,
    seed: int,
    start_worker: StartWorker,
) -> None:
    app = make_engine()
    subscribe(app, receiver.url)
    receiver.answer(Answer(delay=0.005))
    accepted = send(app, 200)

    first = start_worker(environ)
    receiver.wait(37 * seed % 150 + 1, timeout=30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    in_flight = {d.public_id for d in deliveries(app) if d.status == "delivering"}
    second = start_worker(environ)
    try:
        ended(app, len(accepted))
    finally:
        second.terminate()
        # Asked before it has set itself up, when the first one had done it all, it just ends.
        assert second.wait(60) in (0, -signal.SIGTERM)

    sent = [request.header("webhook-id") for request in receiver.requests()]
    expected = {delivery.public_id for delivery in deliveries(app)}
    assert {d.status for d in deliveries(app)} == {"succeeded"}
    assert set(sent) == expected
    assert len(expected) == len(accepted)
    # Twice only what was sent and not yet recorded when it died, each under its own id.
    assert {public_id for public_id, times in Counter(sent).items() if times > 1} <= in_flight


@pytest.mark.parametrize("seed", range(1, ROUNDS + 1))
def test_a_killed_server_keeps_what_it_has_promised(
    make_engine: MakeApp, tmp_path: Path, receiver: Receiver, seed: int
) -> None:
    """Killed with its worker, while events come in; both databases, nothing is told beforehand."""
    app = make_engine()
    subscribe(app, receiver.url)
    with app.app_context(), transaction():
        token = Token.issue("Platform", "events")
    server = Server(
        app.config["DATA_DIR"],
        DATABASE_URL=app.config["DATABASE_URL"],
        ALLOWED_NETWORKS="127.0.0.1",
        DELIVERY_TIMEOUT="20",
    )
    with server, Platform([server.url], token) as platform:
        wait_until(platform.has(23 * seed % 60 + 10), what="events before the kill")
        server.kill()
        before = dict(platform.accepted)
        server.start()
        wait_until(platform.has(len(before) + 20), what="events after the kill")
        platform.stop()
        ended(app, len(platform.accepted))
        wait_until(lambda: {d.status for d in deliveries(app)} == {"succeeded"}, what="the rest")

    assert platform.unexpected == []
    with app.app_context():
        stored = dict(db.session.execute(select(Event.sender_id, Event.public_id)).all())
    assert before.items() <= platform.accepted.items() <= stored.items()
    sent = {request.header("webhook-id") for request in receiver.requests()}
    assert sent == {delivery.public_id for delivery in deliveries(app)}
    assert len(sent) == len(stored)


def expire_leases() -> None:
    """What waiting for the leases of the dead worker would do."""
    with transaction():
        leased = update(Delivery).where(Delivery.status == "delivering")
        db.session.execute(leased.values(lease_until=now() - timedelta(seconds=1)))


def freeze(process: Program, app: Flask) -> None:
    """Stops a process, but not in the middle of a write: nobody could write to that SQLite file."""
    for _ in range(200):
        if app.config["DATABASE_URL"].startswith("postgresql"):
            process.send_signal(signal.SIGSTOP)
            return
        begin_to_write(app, timeout=10)  # which waits until nobody writes
        process.send_signal(signal.SIGSTOP)
        # The signal is sent at once, and acts a little later.
        wait_until(lambda: state(process.pid) == "T", what="the stop")
        with suppress(sqlite3.OperationalError):
            begin_to_write(app, timeout=0)
            return
        process.send_signal(signal.SIGCONT)
    raise AssertionError("it writes without a rest")


def state(pid: int) -> str:
    """What Linux calls the state of a process, such as T for stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def begin_to_write(app: Flask, timeout: float) -> None:
    file = sqlite3.connect(app.config["DATA_DIR"] / "webhooks.db", timeout=timeout)
    with closing(file):
        file.execute("BEGIN IMMEDIATE")


def test_a_frozen_worker_that_wakes_changes_nothing(
    make_engine: MakeApp,
    environ: dict[str, str],
    receiver: Receiver,
    start_worker: StartWorker,
) -> None:
    app = make_engine()
    subscribe(app, receiver.url)
    receiver.answer(Answer(delay=0.5), Answer())
    send(app)

    frozen = start_worker(environ)
    receiver.wait(1)
    other = None
    try:
        freeze(frozen, app)
        with app.app_context():
            expire_leases()
        other = start_worker(environ)
        ended(app)
        (before,) = deliveries(app)
        frozen.send_signal(signal.SIGCONT)
        frozen.terminate()
        assert frozen.wait(60) == 0
    finally:
        frozen.kill()
        frozen.wait(60)
        if other:
            other.terminate()
            assert other.wait(60) == 0

    (after,) = deliveries(app)
    assert (after.status, after.claims, after.attempts_made) == (
        before.status,
        before.claims,
        before.attempts_made,
    )
    ids = {request.header("webhook-id") for request in receiver.requests()}
    assert ids == {after.public_id}


def test_a_worker_that_is_asked_to_end_finishes_what_is_under_way(
    make_engine: MakeApp,
    environ: dict[str, str],
    receiver: Receiver,
    start_worker: StartWorker,
) -> None:
    app = make_engine()
    subscribe(app, receiver.url)
    receiver.answer(Answer(delay=0.5))
    send(app)

    worker = start_worker(environ)
    receiver.wait(1)
    worker.terminate()

    assert worker.wait(60) == 0
    assert [d.status for d in deliveries(app)] == ["succeeded"]


def test_serve_delivers_restarts_its_worker_and_takes_it_along(
    ready: Path, receiver: Receiver
) -> None:
    with Server(ready, ALLOWED_NETWORKS="127.0.0.0/8") as server:
        first = wait_until(lambda: worker_of(server), what="a worker")
        console = server._process
        assert console
        pids = first, console.pid
        wait_until(lambda: not sockets(pids[0]) & sockets(pids[1]), what="sockets of its own")
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: worker_of(server) not in (0, first), what="another worker")
        second = worker_of(server)
        console.kill()
        wait_until(lambda: not Path(f"/proc/{second}").exists(), what="the worker's own end")
        server.kill()


def worker_of(server: object) -> int:
    """The process id of a server's worker, the child of its only child; 0 when it has none."""
    child = child_of(server._process.pid)  # type: ignore[attr-defined]
    return child_of(child) if child else 0


def child_of(parent: int) -> int:
    """The process id of a process that another one has started; 0 when it has none."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            return int(stat.parent.name)
    return 0


def sockets(pid: int) -> set[str]:
    """The sockets that a process has open."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(file.readlink()))
    return {name for name in found if name.startswith("socket:")}
