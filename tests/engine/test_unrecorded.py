"""What is claimed goes out before results are recorded, and its commit waits for no disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.engine.conftest import attempt_at, claim, send, subscribe
from webhooks_ui.database import files, prepared
from webhooks_ui.database.engine import db, is_writing, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import Result
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.delivery.worker import unrecorded
from webhooks_ui.delivery.worker.senders import MANY
from webhooks_ui.delivery.worker.unrecorded import RECORD_AFTER, Unrecorded
from webhooks_ui.models import Attempt

LEASE = timedelta(minutes=1)


def result(error: str | None = None) -> Any:
    return SimpleNamespace(attempt=SimpleNamespace(error=error))


def test_results_wait_for_a_claim_and_not_for_two_beyond_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 0.0
    monkeypatch.setattr(unrecorded, "time", SimpleNamespace(monotonic=lambda: moment))
    waiting, one = Unrecorded(), result()
    waiting.add(one)
    assert waiting.batch(claims=True) == waiting.batch(claims=True) == []
    assert waiting.until == RECORD_AFTER
    moment = RECORD_AFTER
    assert waiting.batch(claims=True) == []
    assert waiting.batch(claims=True) == [one]
    assert waiting.batch(claims=False) == [one]
    waiting.forget(1)
    assert (len(waiting), waiting.until) == (0, float("inf"))


@pytest.mark.parametrize("results", [[result("timeout")], [result()] * MANY])
def test_no_claim_goes_before_failures_or_many(results: list[Any]) -> None:
    waiting = Unrecorded()
    for one in results:
        waiting.add(one)
    assert waiting.batch(claims=True) == results


@pytest.fixture
def durable(engine: Flask) -> Iterator[None]:
    """Commits last by default, as they do not in the tests' own cluster."""
    own = "ALTER DATABASE {} {}"
    with engine.app_context():
        name, is_sqlite = db.engine.url.database, db.engine.dialect.name == "sqlite"
        if not is_sqlite:
            with db.engine.begin() as connection:
                connection.execute(text(own.format(name, "SET synchronous_commit = on")))
            db.engine.dispose()
        yield
        if not is_sqlite:
            with db.engine.begin() as connection:
                connection.execute(text(own.format(name, "RESET synchronous_commit")))


def driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


@pytest.mark.usefixtures("durable")
def test_only_a_claim_alone_may_be_undone_by_a_loss_of_power(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, synced = [], []
    sync = files.sync

    def counted(path: Path, **named: bool) -> None:
        synced.append(path)
        sync(path, **named)

    def look(driver: Any) -> str:
        if db.engine.dialect.name == "sqlite":  # whose commits wait for no disk by themselves
            return "lasting" if synced else "hasty"
        ((found,),) = driver.execute("SHOW synchronous_commit").fetchall()
        return {"off": "hasty", "on": "lasting"}[str(found)]

    def watched(begin: Any) -> Any:
        @contextmanager
        def begun() -> Iterator[Any]:
            synced.clear()
            with begin() as runner:
                yield runner
                own = runner._driver if runner else driver_of(db.session.connection())
                found = look(own)
            seen.append(look(None) if db.engine.dialect.name == "sqlite" else found)

        return begun

    subscribe(engine, "http://127.0.0.1/1")
    send(engine)
    with engine.app_context():
        with db.engine.connect() as connection:  # one of the pool's, which has been set up
            assert connection.dialect.name
        monkeypatch.setattr(files, "sync", counted)
        monkeypatch.setattr(turns, "transaction", watched(transaction))
        monkeypatch.setattr(prepared, "in_haste", watched(prepared.in_haste))
        (job,) = claim({}, 1, 1, now(), LEASE).jobs
        moment = now()
        turns.record(
            [Result(job.claim, attempt_at(job, None, moment), Decision("succeeded"))], moment
        )
        with db.engine.connect() as connection:  # one of the pool's
            if connection.dialect.name == "sqlite":
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
            else:
                assert look(driver_of(connection)) == "lasting"
    assert seen == ["hasty", "lasting"]


def test_results_are_written_out_before_others_wait_for_the_write_lock(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def watched(name: str) -> Any:
        original = getattr(turns, name)

        def write_out(*arguments: Any) -> Any:
            seen.append((name, is_writing()))
            return original(*arguments)

        return write_out

    for name in ("_next_state", "_attempt_row"):
        monkeypatch.setattr(turns, name, watched(name))
    subscribe(app, "http://127.0.0.1/1")
    send(app)
    with app.app_context():
        (job,) = claim({}, 1, 1, now(), LEASE).jobs
        moment = now()
        done = Result(job.claim, attempt_at(job, None, moment), Decision("succeeded"))
        turns.record([done, done], moment)
        assert db.session.query(Attempt).count() == 1
    assert seen == [("_next_state", False), ("_attempt_row", False)]
