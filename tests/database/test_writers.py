"""A database that lets nobody write: few wait, for a bounded time, and reading goes on."""

import json
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.api.conftest import caller, issue
from tests.api.test_take_events import EVENT
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from tests.support.clock import Clock
from tests.support.server import Server
from tests.support.waiting import wait_until
from webhooks_ui.database import engine, writers
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.writers import FEW, MORE, StuckError, Writers
from webhooks_ui.models import Channel

BUSY = 5.0  # seconds that a request waits to write
SLACK = 15.0  # seconds that a busy machine may add


@pytest.fixture(autouse=True)
def patience() -> None:
    """Here it is the program's own."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(1_000.0)
    monkeypatch.setattr(writers, "monotonic", clock)
    return clock


def test_while_transactions_end_any_number_waits(clock: Clock) -> None:
    gate = Writers()
    with ExitStack() as waiting:
        ones = [waiting.enter_context(gate.admitted()) for _ in range(3 * FEW)]
        for _ in range(10):
            clock.now += 0.9
            with gate.admitted():
                pass
        assert not any(gate.has_to_give_up(one) for one in ones)


def test_after_a_failure_few_wait_until_one_ends_well(clock: Clock) -> None:
    gate = Writers()
    with pytest.raises(OperationalError), gate.admitted():
        raise StuckError
    with ExitStack() as waiting:
        ones = [waiting.enter_context(gate.admitted()) for _ in range(FEW)]
        assert not any(gate.has_to_give_up(one) for one in ones)
        with pytest.raises(StuckError), gate.admitted():
            pass
    with ExitStack() as waiting:  # one of them has ended well
        for _ in range(FEW + 1):
            waiting.enter_context(gate.admitted())


def test_without_progress_few_wait_on(clock: Clock) -> None:
    gate = Writers()
    with ExitStack() as waiting:
        ones = [waiting.enter_context(gate.admitted()) for _ in range(2 * FEW)]
        clock.now += writers.PATIENCE + 0.1
        assert [gate.has_to_give_up(one) for one in ones] == [False] * FEW + [True] * FEW
        with pytest.raises(StuckError), gate.admitted():
            pass
    with ExitStack() as waiting:  # they got through
        for _ in range(2 * FEW):
            waiting.enter_context(gate.admitted())


def test_what_would_be_lost_waits_longer_and_in_greater_number(clock: Clock) -> None:
    gate = Writers()
    with ExitStack() as waiting:
        ones = [waiting.enter_context(gate.admitted(patient=True)) for _ in range(MORE + 1)]
        clock.now += writers.LONGER
        assert not any(gate.has_to_give_up(one) for one in ones)
        clock.now += 0.1
        assert [gate.has_to_give_up(one) for one in ones] == [False] * MORE + [True]
        with pytest.raises(StuckError), gate.admitted(patient=True):
            pass


def test_after_a_failure_few_try(clock: Clock) -> None:
    gate = Writers()
    with pytest.raises(OperationalError), gate.admitted():
        raise OperationalError("BEGIN", None, Exception("locked"))
    with ExitStack() as waiting:
        for _ in range(FEW):
            waiting.enter_context(gate.admitted())
        with pytest.raises(StuckError), gate.admitted():
            pass
        clock.now += writers.REMEMBERED
        with pytest.raises(StuckError), gate.admitted():
            pass  # these wait too long by now
    with ExitStack() as waiting:
        for _ in range(2 * FEW):
            waiting.enter_context(gate.admitted())


def test_a_failure_of_another_kind_is_progress(clock: Clock) -> None:
    gate = Writers()
    with pytest.raises(IntegrityError), gate.admitted():
        raise IntegrityError("INSERT", None, Exception("twice"))
    with ExitStack() as waiting:
        for _ in range(2 * FEW):
            waiting.enter_context(gate.admitted())


@contextmanager
def held(app: Flask) -> Iterator[None]:
    """Somebody else writes and does not end."""
    with app.app_context():
        other = db.engine.raw_connection()
        is_sqlite = db.engine.dialect.name == "sqlite"
    other.cursor().execute("BEGIN IMMEDIATE" if is_sqlite else "LOCK TABLE channels, tokens")
    yield
    other.cursor().execute("ROLLBACK")
    other.close()


@pytest.fixture
def hasty(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Flask:
    app = make_app()
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(milliseconds=500))
    monkeypatch.setattr(engine, "writers", Writers())
    with app.app_context():
        db.engine.dispose()  # connections with another time-out
    return app


def write() -> None:
    with transaction():
        db.session.add(Channel(key="4", name="Site"))
        db.session.flush()


@ON_BOTH_DATABASES
def test_a_request_has_one_budget_for_all_its_transactions(hasty: Flask) -> None:
    with hasty.test_request_context(), held(hasty):
        begun = time.monotonic()
        for _ in range(6 if db.engine.dialect.name == "sqlite" else 1):
            with pytest.raises(OperationalError):
                write()
        assert time.monotonic() - begun < 2.5


def test_the_use_of_a_token_is_not_waited_for(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(seconds=40))
    call = caller(app, issue(app, "admin"))
    with held(app):
        begun = time.monotonic()
        assert call("GET", "/channels").status_code == 200
        assert time.monotonic() - begun < 30


def test_a_wait_for_a_connection_is_bounded_too(app: Flask) -> None:
    with app.app_context():
        assert db.engine.pool.timeout() == BUSY  # type: ignore[attr-defined]


HEADERS = {"Content-Type": "application/json"}


def ask(url: str, token: str = "", body: bytes | None = None) -> tuple[int, float, str]:
    """Status, seconds, and Retry-After."""
    headers = HEADERS | {"Authorization": f"Bearer {token}"}
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers), timeout=120
        ) as answer:
            return answer.status, time.monotonic() - begun, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, time.monotonic() - begun, error.headers["Retry-After"] or ""


@pytest.mark.process
def test_writers_under_a_held_lock_leave_the_console_open(ready: Path) -> None:
    body = json.dumps(EVENT).encode()
    with Server(ready) as server:
        token = server.command("token", "add", "t").strip()
        assert ask(f"{server.url}/api/v1/events", token, body)[0] == 202
        holder = sqlite3.connect(ready / "webhooks.db", isolation_level=None, timeout=60)
        holder.execute("BEGIN IMMEDIATE")
        stop, seen = threading.Event(), {"/healthz": [0.0], "/login": [0.0]}

        def watch(path: str) -> None:
            while not stop.wait(0.05):
                status, seconds, _ = ask(server.url + path)
                assert status == 200
                seen[path].append(seconds)

        with ThreadPoolExecutor(26) as pool:
            watched = [pool.submit(watch, path) for path in seen]
            url = f"{server.url}/api/v1/events"
            writing = [pool.submit(ask, url, token, body) for _ in range(24)]
            answers = [one.result() for one in writing]
            stop.set()
            for one in watched:
                one.result()
        holder.execute("ROLLBACK")
        holder.close()
        assert {status for status, _, _ in answers} == {503}
        assert all(int(retry) > 0 for _, _, retry in answers)
        assert max(seconds for _, seconds, _ in answers) < BUSY + SLACK
        assert sorted(seconds for _, seconds, _ in answers)[-FEW - 2] < writers.PATIENCE + SLACK
        assert max(seen["/login"]) < writers.PATIENCE + SLACK
        assert max(seen["/healthz"]) < BUSY - 1  # 0.2 s on a quiet machine
        wait_until(lambda: ask(url, token, body)[0] == 202, what="an event taken in again")
