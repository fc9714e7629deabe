"""Requests that wait at the same moment share a commit; none of them notices the others."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from tests.api.conftest import issue
from tests.engine.conftest import deliveries, subscribe
from tests.server.test_connections import Console, status
from tests.support.apps import MakeApp
from tests.support.program import Program
from tests.support.waiting import wait_until
from webhooks_ui.database import files, prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake import group
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal
from webhooks_ui.intake.plan import Plan
from webhooks_ui.intake.postgres_store import PostgresStore
from webhooks_ui.intake.sqlite_store import SqliteStore
from webhooks_ui.intake.store import Store
from webhooks_ui.models import Event
from webhooks_ui.server import connections

Outcome = list[Accepted] | Refusal
SIMPLE = IncomingEvent("message_created", b"{}")
STORES = (SqliteStore, PostgresStore)
pytestmark = pytest.mark.usefixtures("patient")


@contextmanager
def held(app: Flask) -> Iterator[None]:
    """Somebody else writes meanwhile."""
    with app.app_context():
        other = db.engine.raw_connection()
        is_sqlite = db.engine.dialect.name == "sqlite"
    lock = "BEGIN IMMEDIATE" if is_sqlite else "LOCK TABLE events IN EXCLUSIVE MODE"
    other.cursor().execute(lock)
    try:
        yield
    finally:
        other.cursor().execute("ROLLBACK")
        other.close()


def accept(app: Flask, *events: IncomingEvent) -> Outcome:
    with app.app_context():
        return intake.accept(events)


def together(app: Flask, *requests: list[IncomingEvent]) -> list[Future[Outcome]]:
    """Takes in requests that have all come, in this order, before anybody could write."""
    answers = []
    with app.app_context():
        db.engine.dispose()  # connections that wait as long as `patient` says
    with ThreadPoolExecutor(len(requests) + 1) as pool, held(app):
        pool.submit(accept, app, replace(SIMPLE, type="team_changed"))
        behind_the_first(app, 0)
        for number, events in enumerate(requests, 1):
            answers.append(pool.submit(accept, app, *events))
            behind_the_first(app, number)
    return answers


def behind_the_first(app: Flask, number: int) -> None:
    """Waits until so many requests wait behind the first, which is held up.

    On PostgreSQL the first has been taken from the line; on SQLite it waits there to begin.
    """
    line: group.Group = app.extensions["intake"]
    length = number + (1 if db_kind(app) == "sqlite" else 0)
    wait_until(
        lambda: line._is_led and len(line._waiting) == length, what=f"{number} behind the first"
    )


def db_kind(app: Flask) -> str:
    with app.app_context():
        return db.engine.dialect.name


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that are stored, in their order."""
    plans: list[Plan] = []

    def spy(original: Callable[..., None]) -> Callable[..., None]:
        def write(self: Store, cursor: Any, plan: Plan) -> None:
            original(self, cursor, plan)
            plans.append(plan)

        return write

    for store in STORES:
        monkeypatch.setattr(store, "write", spy(store.write))
    return plans


def test_who_waits_at_the_same_moment_is_committed_together(
    engine: Flask, commits: list[Plan]
) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    requests = [[replace(SIMPLE, data=b'{"n": %d}' % n)] for n in range(6)]

    answers = [one.result() for one in together(engine, *requests)]

    assert len(commits) <= 2
    ids = [answer[0].event_id for answer in answers if not isinstance(answer, Refusal)]
    with engine.app_context():
        stored = db.session.query(Event).filter_by(type="message_created").order_by(Event.id).all()
        assert [event.public_id for event in stored] == ids  # in the order in which they came
        assert [event.data for event in stored] == [request[0].data for request in requests]
        assert {event.deliveries_count for event in stored} == {1}
    assert len(deliveries(engine)) == 6


class Joining:
    """The line's lock: `then` happens before whoever joined the line does anything more."""

    def __init__(self, line: group.Group, then: Callable[[group._Request], None]) -> None:
        self._line, self._then, self._lock = line, then, line._lock
        line._lock, line._is_led = self, True  # type: ignore[assignment]  # somebody else leads

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        (joined,) = self._line._waiting
        self._line._lock = self._lock
        self._lock.release()
        self._then(joined)


def test_who_is_made_the_leader_while_joining_leads(engine: Flask) -> None:
    accept(engine, SIMPLE)
    line: group.Group = engine.extensions["intake"]
    ended = group._Request([])
    ended.state = "taken"
    Joining(line, lambda _: line._pass_on(ended))

    assert isinstance(accept(engine, SIMPLE), list)
    with engine.app_context():
        assert db.session.query(Event).count() == 2
    assert not line._is_led


def test_who_is_taken_along_while_joining_waits_for_the_commit(engine: Flask) -> None:
    accept(engine, SIMPLE)
    line: group.Group = engine.extensions["intake"]
    stored = [Accepted("evt_1", 0, False)]

    class Commit:
        def __init__(self, joined: group._Request) -> None:
            self._joined = joined

        def acquire(self, timeout: float) -> bool:
            self._joined.answer = stored
            return timeout > 0

    def take(joined: group._Request) -> None:
        joined.state, joined.signal = "taken", Commit(joined)  # type: ignore[assignment]
        line._waiting.clear()

    Joining(line, take)

    assert accept(engine, SIMPLE) == stored
    line._is_led = False


def test_nobody_is_waited_for(engine: Flask, commits: list[Plan]) -> None:
    accept(engine, SIMPLE)
    accept(engine, SIMPLE)

    assert [len(plan.events) for plan in commits] == [1, 1]


def test_what_is_refused_spoils_no_other(engine: Flask, commits: list[Plan]) -> None:
    accept(engine, replace(SIMPLE, sender_id="taken"))
    unknown = replace(SIMPLE, channel=ChannelName("unknown"))
    made = replace(SIMPLE, channel=ChannelName("made", "Made"))

    answers = together(
        engine,
        [replace(SIMPLE, sender_id="1")],
        [replace(SIMPLE, sender_id="taken", data=b'{"other": 1}')],
        [made, unknown],
        [replace(SIMPLE, sender_id="2")],
        [replace(SIMPLE, sender_id="1")],
        [replace(SIMPLE, channel=ChannelName("made"))],
    )

    one, conflict, batch, two, again, channel = (answer.result() for answer in answers)
    assert isinstance(conflict, Refusal)
    assert conflict.code == "conflict"
    assert isinstance(batch, Refusal)
    assert (batch.code, batch.index) == ("unknown_channel", 1)
    assert isinstance(channel, Refusal)  # a refused request has made no channel
    assert isinstance(one, list)
    assert isinstance(two, list)
    assert again == [replace(one[0], duplicate=True)]
    with engine.app_context():
        assert db.session.query(Event).filter_by(type="message_created").count() == 3


def test_a_request_for_different_webhooks_is_stored_whole_or_not_at_all(engine: Flask) -> None:
    about = replace(SIMPLE, type="webhook_failing", about=1, idempotency_key="k")
    accept(engine, about)

    answer = accept(engine, SIMPLE, replace(about, data=b'{"other": 1}'))

    assert isinstance(answer, Refusal)
    with engine.app_context():
        assert db.session.query(Event).filter_by(type=SIMPLE.type).count() == 0
    both = accept(engine, SIMPLE, replace(about, idempotency_key=None))
    assert isinstance(both, list)
    assert [one.duplicate for one in both] == [False, False]


def test_an_event_that_cannot_be_stored_spoils_no_other(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(original: Callable[..., None]) -> Callable[..., None]:
        def write(self: Store, cursor: Any, plan: Plan) -> None:
            original(self, cursor, plan)
            if any(new.event.data == b'{"bad": 1}' for new in plan.events):
                raise ValueError("not this one")

        return write

    for store in STORES:
        monkeypatch.setattr(store, "write", refusing(store.write))

    good, bad, fine = together(
        engine, [SIMPLE], [replace(SIMPLE, data=b'{"bad": 1}')], [replace(SIMPLE, sender_id="3")]
    )

    with pytest.raises(ValueError, match="not this one"):
        bad.result()
    assert isinstance(good.result(), list)
    assert isinstance(fine.result(), list)


def test_a_full_disk_is_told_to_all_and_the_next_goes_on(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filling(original: Callable[..., None]) -> Callable[..., None]:
        def write(self: Store, cursor: Any, plan: Plan) -> None:
            if any(new.event.type == SIMPLE.type for new in plan.events):
                raise OperationalError("", {}, Exception("database or disk is full"))
            original(self, cursor, plan)

        return write

    with monkeypatch.context() as patched:
        for store in STORES:
            patched.setattr(store, "write", filling(store.write))
        answers = together(engine, [SIMPLE], [SIMPLE])
        for answer in answers:
            with pytest.raises(OperationalError):
                answer.result()

    assert isinstance(accept(engine, SIMPLE), list)


class Disk:
    """A disk that takes nothing of SQLite's log of writes until it is told to, or fails."""

    def __init__(self, error: OSError | None = None) -> None:
        self.error, self.waits, self.goes_on = error, threading.Semaphore(0), threading.Event()

    def sync(self, path: Path, *, data_only: bool = False) -> None:
        if data_only:
            assert path.name.endswith("-wal")
            self.waits.release()
            assert self.goes_on.wait(60)
            if self.error:
                raise self.error


def test_others_write_while_a_commit_waits_for_the_disk(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    monkeypatch.setattr(files, "sync", disk.sync)
    with ThreadPoolExecutor(2) as pool:
        answers = []
        try:
            for _ in range(2):  # the second is stored while the first waits
                answers.append(pool.submit(accept, app, SIMPLE))
                assert disk.waits.acquire(timeout=60)
            assert not any(one.done() for one in answers)
            with app.app_context(), prepared.in_haste():
                assert db.session.query(Event).count() == 2
        finally:
            disk.goes_on.set()
        assert all(isinstance(one.result(), list) for one in answers)


def test_what_the_disk_does_not_take_is_not_promised(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(OSError(errno.EIO, "Input/output error"))
    disk.goes_on.set()
    with monkeypatch.context() as broken:
        broken.setattr(files, "sync", disk.sync)
        for many in (1, group.MAX_EVENTS + 1):
            with pytest.raises(OperationalError, match="Input/output"):
                accept(app, *[SIMPLE] * many)
        with app.app_context(), pytest.raises(OperationalError), transaction():
            pass
    assert isinstance(accept(app, SIMPLE), list)


class Taking(Console):
    """The server in front of an app."""

    def __init__(self, app: Flask) -> None:
        self._taking = app
        super().__init__()

    def _app(self, environ: Any, start: Any) -> Any:
        return self._taking(environ, start)


def test_a_stop_answers_a_group_that_waits(engine: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "DRAIN_WITHIN", 300.0)
    body = b'{"type": "message_created", "data": {}}'
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {issue(engine, 'events')}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with ExitStack() as open_ones, Taking(engine) as console:
        clients = [open_ones.enter_context(closing(console.connect())) for _ in range(3)]
        with held(engine):
            clients[0].sendall(head.encode() + body)
            behind_the_first(engine, 0)
            for client in clients[1:]:
                client.sendall(head.encode() + body)
            behind_the_first(engine, 2)
            console.server.stop()
        assert [status(client) for client in clients] == [202, 202, 202]
    with engine.app_context():
        assert db.session.query(Event).count() == 3


KILLED = """
import os, signal, sys
from webhooks_ui import create_app
from webhooks_ui.intake import accept, group
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.monitoring import metrics

def kill(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "before the commit":
    store_of = group.store_of
    def patched(engine):
        found = store_of(engine)
        write = found.write
        def writing(cursor, plan):
            if found.__class__ is group.SqliteStore:
                write(cursor, plan)  # nobody sees it before the commit
            kill()
        found.write = writing
        return found
    group.store_of = patched
else:
    group.SqliteStore.wake_workers = group.PostgresStore.wake_workers = kill
with create_app(pages=False).app_context():
    accept.accept([IncomingEvent("message_created", b"{}", sender_id="same")])
"""


@pytest.mark.process
@pytest.mark.parametrize("moment", ["before the commit", "between commit and answer"])
def test_a_process_that_is_killed_has_taken_in_all_or_nothing(
    make_engine: MakeApp, tmp_path: Path, moment: str
) -> None:
    app = make_engine()
    subscribe(app, "http://127.0.0.1/1")
    own = {"DATA_DIR": str(app.config["DATA_DIR"]), "DATABASE_URL": app.config["DATABASE_URL"]}
    environ = {f"WEBHOOKS_UI_{name}": value for name, value in own.items()}

    log = tmp_path / "killed.log"
    program = Program("-c", KILLED, moment, environ=os.environ | environ, log=log)
    assert program.wait(240) == -signal.SIGKILL, log.read_text()

    answers = accept(app, replace(SIMPLE, sender_id="same"))  # as its sender does, unanswered
    assert isinstance(answers, list)
    (answer,) = answers
    assert answer.duplicate == (moment == "between commit and answer")
    assert answer.deliveries == 1
    assert len(deliveries(app)) == 1
