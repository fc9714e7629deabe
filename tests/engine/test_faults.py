"""Faults of our own side, and every fault of a receiver through the worker."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import trustme
from flask import Flask
from sqlalchemy import create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tests.conftest import sign_in
from tests.delivery.hostile import Behaviour, Hostile, Peer, answering, answering_once
from tests.engine.conftest import attempts, deliveries, ended, send, subscribe, working
from tests.support.apps import ON_POSTGRESQL, ON_SQLITE, MakeApp
from tests.support.postgres import Postgres
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui import create_app
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.database import engine as database
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.types import now
from webhooks_ui.delivery import attempt
from webhooks_ui.delivery.attempt_record import attempt_of
from webhooks_ui.delivery.queue import releases, turns, wakeup
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim
from webhooks_ui.delivery.worker import leases, loop
from webhooks_ui.models import Attempt, Delivery, Event, UserSession, Webhook
from webhooks_ui.server import process
from webhooks_ui.views import delivery_display


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker tries again, and looks for what is due, after a moment."""
    monkeypatch.setattr(loop, "BACK_OFF", 0.02)
    monkeypatch.setattr(loop, "POLL_EVERY", 0.05)


def counts(app: Flask) -> tuple[int, int]:
    """How many events and deliveries there are."""
    with app.app_context():
        return db.session.query(Event).count(), db.session.query(Delivery).count()


# The write lock.


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(app: Flask) -> Iterator[None]:
    """Another process holds the write lock (within one process, SQLite's locks do not part)."""
    database_file = app.config["SQLALCHEMY_DATABASE_URI"].database
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, database_file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.communicate(timeout=60)


@pytest.fixture
def impatient(make_engine: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app on SQLite that waits for the lock for a moment only."""
    for module in (database, prepared):
        monkeypatch.setattr(module, "BUSY_TIMEOUT", timedelta(milliseconds=100))
    return make_engine()


@ON_SQLITE  # PostgreSQL has no lock on everything
def test_while_the_write_lock_is_held_nothing_is_accepted_and_nothing_lost(
    impatient: Flask, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    app = impatient
    subscribe(app, receiver.url)
    send(app, 5)

    with locked(app):
        with pytest.raises(OperationalError):
            send(app)
        with working(app):
            wait_until(lambda: caplog.text.count("out of reach") >= 3, what="the worker's tries")
            assert receiver.requests() == []
            waiting = [d.status for d in deliveries(app)]
    assert waiting == ["pending"] * 5

    send(app)
    with working(app):
        ended(app, 6)
    assert {d.status for d in deliveries(app)} == {"succeeded"}
    assert len(receiver.requests()) == 6


@ON_SQLITE  # PostgreSQL has no lock on everything
def test_what_was_sent_while_the_lock_is_held_is_recorded_after_it(
    impatient: Flask, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    app = impatient
    subscribe(app, receiver.url)
    receiver.answer(Answer(hang=True))
    send(app)

    with working(app):
        receiver.wait(1)
        with locked(app):
            receiver.answer(Answer())  # lets the hanging one go
            wait_until(lambda: "out of reach" in caplog.text, what="a try to record")
            assert attempts(app) == []
        wait_until(lambda: len(attempts(app)) == 1, what="the record")


# The disk.


@ON_SQLITE  # PostgreSQL ends when its disk is full
def test_when_the_disk_is_full_nothing_is_half_written(engine: Flask, receiver: Receiver) -> None:
    """The database may not grow by a page, which SQLite reports as a full disk."""
    app = engine
    subscribe(app, receiver.url)
    send(app, 3)
    before = counts(app)

    with full(app):
        for _ in range(2):
            with pytest.raises(OperationalError, match="full"):
                send(app, 50, data=b'{"text": "' + b"x" * 10_000 + b'"}')
        assert counts(app) == before

    with working(app):
        send(app, 50, data=b'{"text": "' + b"x" * 10_000 + b'"}')
        ended(app, 53)
    assert {d.status for d in deliveries(app)} == {"succeeded"}


@contextmanager
def full(app: Flask) -> Iterator[None]:
    """No new connection may let the database grow."""

    def limit(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone() or (0,)
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    with app.app_context():
        engine = db.engine
    event.listen(engine, "connect", limit)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        engine.dispose()


def test_an_attempt_that_cannot_be_stored_takes_no_other_along(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours, which the database refuses: what came of it is recorded all the same."""
    subscribe(engine, receiver.url)
    subscribe(engine, receiver.url + "/odd")

    def odd(*arguments: Any) -> AttemptRecord:
        made = attempt_of(*arguments)
        unfit: Any = None
        return replace(made, request_url=unfit) if made.request_url.endswith("/odd") else made

    monkeypatch.setattr(attempt, "attempt_of", odd)
    send(engine, 10)
    with working(engine):
        receiver.wait(20)
        ended(engine, 20)

    assert [d.status for d in deliveries(engine)] == ["succeeded"] * 20
    assert sorted(bool(a.request_url) for a in attempts(engine)) == [False] * 10 + [True] * 10
    assert len(receiver.requests()) == 20


def test_what_cannot_be_looked_up_is_not_an_attempt(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away for a moment: the delivery is given back and then sent."""
    refusals = iter([PoolTimeoutError("QueuePool limit reached")] * 2)
    original = turns.load_webhook

    def scarce(claim: Claim) -> Webhook | None:
        if refusal := next(refusals, None):
            raise refusal
        return original(claim)

    monkeypatch.setattr(turns, "load_webhook", scarce)
    subscribe(engine, receiver.url)
    send(engine)
    with working(engine):
        ended(engine)

    assert [(a.number, a.error) for a in attempts(engine)] == [(1, None)]


def test_what_was_claimed_and_cannot_be_read_is_given_back(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent before its lease ends, which others wait for. Giving it back may fail too."""
    refusals = iter([PoolTimeoutError("QueuePool limit reached"), OSError(24, "Too many files")])
    read = turns._jobs

    def scarce(*rows: Any) -> Any:
        if refusal := next(refusals, None):
            raise refusal
        return read(*rows)

    away = iter([PoolTimeoutError("QueuePool limit reached")])
    release = releases.release

    def busy(*claims: Any) -> None:
        if refusal := next(away, None):
            raise refusal
        release(*claims)

    monkeypatch.setattr(turns, "_jobs", scarce)
    monkeypatch.setattr(releases, "release", busy)
    subscribe(engine, receiver.url)
    send(engine)
    started = now()
    with working(engine, clock=lambda: started):  # no lease ends
        ended(engine)

    assert [(a.number, a.error) for a in attempts(engine)] == [(1, None)]


def test_a_worker_that_ends_does_not_storm_a_database_that_refuses(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[float] = []
    turn = turns.turn
    subscribe(engine, receiver.url)
    send(engine)
    with working(engine) as worker:

        def refuse(results: Any, *others: Any) -> Any:
            if results and len(refused) < 5:
                worker.stop()
                refused.append(time.monotonic())
                raise PoolTimeoutError("QueuePool limit reached")
            return turn(results, *others)

        monkeypatch.setattr(turns, "turn", refuse)
        ended(engine)

    assert refused[-1] - refused[0] >= 4 * 0.02
    assert len(receiver.requests()) == 1


@ON_SQLITE
def test_an_attempt_that_a_mistake_breaks_off_is_a_failed_one(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unrecorded it would be sent again with each lease, for ever."""

    def broken(*_: Any) -> AttemptRecord:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(attempt, "attempt_of", broken)
    subscribe(engine, receiver.url)
    send(engine)

    with working(engine):
        wait_until(lambda: len(attempts(engine)) == 1, what="the attempt")

    (delivery,) = deliveries(engine)
    assert (delivery.status, delivery.error) == ("pending", "protocol_error")
    assert len(receiver.requests()) == 1


# The database server.


def test_a_restart_of_the_database_server_is_lived_through(
    tmp_path: Path, postgres: Postgres, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LEASE_MARGIN", timedelta(seconds=1))
    monkeypatch.setattr(leases, "EXPIRE_EVERY", 0.5)
    app = create_app(
        {
            "DATA_DIR": tmp_path,
            "DATABASE_URL": postgres.create_database(),
            "ALLOWED_NETWORKS": ("127.0.0.1",),
            "DELIVERY_TIMEOUT": 2.0,
        }
    )
    upgrade(app)
    subscribe(app, receiver.url)
    receiver.answer(Answer(delay=0.02))
    accepted = send(app, 100)

    with working(app):
        receiver.wait(10)
        postgres.stop()
        try:
            with pytest.raises(OperationalError):
                send(app)
        finally:
            postgres.start()
        accepted += send(app, 10)
        ended(app, len(accepted))

    found = deliveries(app)
    process.close(app)
    ids = {request.header("webhook-id") for request in receiver.requests()}
    assert {d.status for d in found} == {"succeeded"}
    assert {d.public_id for d in found} == ids
    assert len(found) == len(accepted) == 110


def test_a_database_server_that_does_not_answer_holds_up_the_alarm_for_seconds_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without this a worker would hang as long as TCP goes on trying."""
    monkeypatch.setitem(database.POSTGRES_LIMITS, "connect_timeout", 2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        engine = create_engine(f"postgresql+psycopg://x@127.0.0.1:{port}/x")
        started = time.monotonic()
        alarm = wakeup.alarm(engine, None, lambda: None)
        assert time.monotonic() - started < 60
        alarm.close()


# Every fault of a receiver.

HEAD = b"HTTP/1.1 200 OK\r\n"


def hang(peer: Peer) -> None:
    peer.read_request()
    peer.hang()


def drip(peer: Peer) -> None:
    peer.read_request()
    peer.send(HEAD)
    peer.drip(b"X-Endless: y\r\n" * 1000)


def continue_for_ever(peer: Peer) -> None:
    """Not as fast as it can, which tests/delivery/test_sender_limits.py has."""
    peer.read_request()
    while not peer.stopped.wait(0.02):
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def flood(peer: Peer) -> None:
    peer.read_request()
    peer.send(HEAD + b"\r\n")
    peer.send_for_ever(b"x" * 65536)


def reset(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


def reset_at_once(peer: Peer) -> None:
    peer.reset()


ANSWERS: dict[str, tuple[Behaviour, str | None]] = {
    "never": (hang, "timeout"),
    "drip": (drip, None),
    "endless 100": (continue_for_ever, "timeout"),
    "endless body": (flood, None),
    "reset": (reset, "connection_reset"),
    "reset at once": (reset_at_once, "connection_reset"),
    "junk": (answering_once(b"\0\xff\xfe junk\r\n\r\n"), "protocol_error"),
    "http/2": (answering_once(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "protocol_error"),
    "only 100": (answering_once(b"HTTP/1.1 100 Continue\r\n\r\n"), "connection_reset"),
    "status 999": (answering(b"HTTP/1.1 999 \0\xff\r\nContent-Length: 0\r\n\r\n"), "http_status"),
    "500": (answering(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"), "http_status"),
    "redirect": (
        answering_once(b"HTTP/1.1 307 T\r\nLocation: //x\0\xff" + b"y" * 9999 + b"\r\n\r\n"),
        "redirected",
    ),
    "odd reason": (
        answering_once(b"HTTP/1.1 500 " + b"\0\xed\xa0\x80" * 5000 + b"\r\n\r\n"),
        "http_status",
    ),
    "odd headers": (
        answering_once(HEAD + b"X-Nul: \0\r\nX-Bytes: \xff\xed\xa0\x80\r\n\r\n\0\xff"),
        None,
    ),
    "many headers": (
        answering_once(
            HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 999) for n in range(500)) + b"\r\n"
        ),
        None,
    ),
    "short body": (answering_once(HEAD + b"Content-Length: 99\r\n\r\nshort"), None),
    "broken chunks": (answering_once(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), None),
    "bad gzip": (answering_once(HEAD + b"Content-Encoding: gzip\r\n\r\nnone"), None),
    "huge Retry-After": (
        answering(
            b"HTTP/1.1 503 B\r\nRetry-After: 9" + b"9" * 99 + b"\r\nContent-Length: 0\r\n\r\n"
        ),
        "http_status",
    ),
}


def resolve(host: str, _port: int) -> list[str]:
    if host == "inside.example":
        return ["127.0.0.1", "10.0.0.8"]
    raise OSError(-2, "Name or service not known")


def refused() -> str:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}/"


@pytest.fixture
def hostile() -> Iterator[Callable[..., Hostile]]:
    running: list[Hostile] = []

    def start(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Hostile:
        running.append(Hostile(behaviour, context))
        return running[-1]

    yield start
    for receiver in running:
        receiver.close()


def each_attempted(app: Flask, urls: dict[str, str], kind: str) -> dict[str, str]:
    """Has a worker attempt these at once, then serve a receiver in order; the names by webhook."""
    names = {subscribe(app, url, events=(kind,)): name for name, url in urls.items()}
    before = len(attempts(app))
    with Receiver() as in_order, working(app):
        send(app, type=kind, data='{"text": "Добрий день"}'.encode())
        wait_until(lambda: len(attempts(app)) >= before + len(urls), what="an attempt at each")
        subscribe(app, in_order.url, events=("team_changed",))
        send(app, type="team_changed")
        in_order.wait(1)
    return names


@ON_POSTGRESQL
def test_every_fault_of_a_receiver_ends_in_a_recorded_attempt(
    make_engine: MakeApp, hostile: Callable[..., Hostile]
) -> None:
    """Those that only the time-out ends, with a short one; then all the others, with a long one."""
    common = {"RETRY_SCHEDULE": (timedelta(hours=1),), "RESOLVER": resolve}
    app = make_engine(DELIVERY_TIMEOUT=60.0, **common)
    hasty = make_engine(DELIVERY_TIMEOUT=1.0, **common)
    untrusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(untrusted)
    urls: dict[str, tuple[str, str | None]] = {
        name: (hostile(behaviour).url(), error) for name, (behaviour, error) in ANSWERS.items()
    }
    plain = hostile(answering(HEAD + b"Content-Length: 0\r\n\r\n")).url()
    urls |= {
        "refused": (refused(), "connection_refused"),
        "untrusted": (hostile(hang, untrusted).url(), "tls_failure"),
        "no tls": (plain.replace("http:", "https:"), "tls_failure"),
        "no name": ("http://nowhere.example/", "dns_failure"),
        "blocked": ("http://inside.example/", "blocked_address"),
    }
    silent = ["no tls", *(name for name, (_, error) in urls.items() if error == "timeout")]
    slow = {name: urls[name][0] for name in silent}
    quick = {name: urls[name][0] for name in urls if name not in silent}
    names = each_attempted(hasty, slow, "assignee_changed")
    names |= each_attempted(app, quick, "message_created")

    with app.app_context():
        first = db.session.query(Delivery).filter(Delivery.type != "team_changed")
        found = {names[d.webhook.public_id]: d.attempts[0].error for d in first if d.webhook}
        recorded = {d.status for d in first}
    assert found == {name: error for name, (_, error) in urls.items()}
    assert recorded == {"pending", "succeeded"}


@ON_SQLITE
def test_secrets_that_cannot_be_decrypted_are_a_failure_that_is_told(
    engine: Flask, receiver: Receiver
) -> None:
    subscribe(engine, receiver.url, authorization=Bearer("t0ken-93c1"))
    send(engine)
    with engine.app_context(), transaction():
        webhook = db.session.query(Webhook).one()
        webhook.auth_secret = webhook.signing_secret  # sealed for another purpose
    with working(engine):
        wait_until(lambda: deliveries(engine)[0].attempts_made == 1, what="the attempt")
    (delivery,) = deliveries(engine)
    assert (delivery.status, delivery.error) == ("pending", "protocol_error")
    with engine.app_context():
        attempt = db.session.query(Attempt).one()
        assert "ENCRYPTION_KEYS" in attempt.detail
        found = delivery_display.verdict(db.session.query(Delivery).one())
        assert "ENCRYPTION_KEYS" in found.meaning
    assert receiver.requests() == []


def test_when_every_connection_is_taken_it_is_said_so(
    make_engine: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy has an error of its own for that, which is none of the database's."""
    app = make_engine()
    browser = sign_in(app, "olena")

    def taken(*_: Any) -> str:
        raise PoolTimeoutError("QueuePool limit reached")

    for view in ("channels.index", "api.channels_index"):
        monkeypatch.setitem(app.view_functions, view, taken)
    page = browser.get("/channels")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    answer = browser.get("/api/v1/channels")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    find = Mock(side_effect=taken)
    monkeypatch.setattr(UserSession, "find", find)
    assert browser.get("/webhooks").status_code == 503
    assert find.call_count == 1  # each call waits for seconds


def test_a_worker_waits_while_every_connection_is_taken(
    engine: Flask, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"claim": 3, "record": 3}
    turn = turns.turn

    def scarce(results: Any, *others: Any) -> Any:
        kind = "record" if results else "claim"
        if refused[kind]:
            refused[kind] -= 1
            raise PoolTimeoutError("QueuePool limit reached")
        return turn(results, *others)

    monkeypatch.setattr(turns, "turn", scarce)
    subscribe(engine, receiver.url)
    send(engine)
    with working(engine):
        ended(engine)
    assert refused == {"claim": 0, "record": 0}
    assert len(receiver.requests()) == 1


def test_a_receiver_that_is_gone_for_good_is_disabled_by_the_worker(
    make_engine: MakeApp, hostile: Callable[..., Hostile]
) -> None:
    app = make_engine()
    gone = hostile(answering(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"))
    subscribe(app, gone.url())

    with working(app):
        send(app)
        ended(app)

    (delivery,) = deliveries(app)
    assert (delivery.status, attempts(app)[0].error) == ("failed", "http_status")
