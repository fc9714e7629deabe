"""Partitions on PostgreSQL: each day's deliveries have one for their attempts, which is dropped."""

from collections import Counter
from datetime import timedelta
from threading import Thread
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.database.test_carried_over import DELIVERY, EVENT, migrate
from tests.engine.conftest import send, subscribe
from tests.log.test_payload_search import index
from tests.operations.test_retention import MONTH, age, count
from tests.support.apps import MakeApp
from tests.support.postgres import Postgres
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.types import now
from webhooks_ui.jobs import retention
from webhooks_ui.models import Attempt, Delivery, partitions

DAY = timedelta(days=1)
ATTEMPT = """INSERT INTO attempts (delivery_id, number, started_at, duration_ms, timeout, detail,
 timings, request_url, request_headers, payload_format, reason, response_headers, response_body,
 response_size, truncated, notes) SELECT id, 1, 0, 1, 1, '', '{}', 'http://127.0.0.1/', '[]', 'raw',
 '', '[]', 'word', 4, FALSE, '[]' FROM deliveries WHERE id NOT IN (SELECT delivery_id FROM attempts)
"""


LOCKS = """SELECT relation::regclass::text, mode FROM pg_locks
 WHERE relation IN ('attempts'::regclass, 'answer_words'::regclass, 'deliveries'::regclass,
 'events'::regclass) AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')"""


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few deliveries are enough for a partition."""
    monkeypatch.setattr(partitions, "ENOUGH", 0)
    monkeypatch.setattr(retention, "DROP_WAIT", 0)
    monkeypatch.setattr(retention, "DROP_TRIES", 2)


@pytest.fixture
def engine(make_app: MakeApp, postgres: Postgres, migrated_postgres: str) -> Flask:
    """On a database of its own, with a webhook and three days of two deliveries each.

    The last of them ended a day ago.
    """
    app = make_app(DATABASE_URL=postgres.create_database(like=migrated_postgres))
    subscribe(app, "http://127.0.0.1:9/")
    for _ in range(3):
        send(app, 2)
        run(app, ATTEMPT)
        age(app, DAY)
        assert move_on(app)
    index(app)
    return app


def run(engine: Flask, *statements: str) -> None:
    with engine.app_context(), transaction():
        for statement in statements:
            db.session.execute(text(statement))


def move_on(engine: Flask, by: timedelta = timedelta()) -> bool:
    with engine.app_context():
        return partitions.move_on(now() + by, MONTH)


def rows(engine: Flask, table: str = "attempts") -> dict[str, int]:
    """How many rows its partitions have, those that have any."""
    query = text(f"SELECT replace(tableoid::regclass::text, '{table}_', '') FROM {table}")  # noqa: S608
    with engine.app_context():
        return dict(Counter(db.session.scalars(query)))


def prune(engine: Flask, days: float, *, in_whole: bool = False) -> Counter[str]:
    """Deletes what is older than so many days."""
    with engine.app_context():
        turns = retention.prune(MONTH, now() + MONTH - days * DAY, in_whole=in_whole)
        return sum(turns, Counter())


def test_the_attempts_of_a_day_are_dropped_together_but_for_what_is_kept(engine: Flask) -> None:
    for table in partitions.TABLES:
        assert rows(engine, table) == {"0": 2, "1": 2, "2": 2}
    run(engine, "UPDATE deliveries SET status = 'pending' WHERE id = 1")

    deleted = prune(engine, 1.5)

    assert (deleted["partitions"], deleted["events"], deleted["deliveries"]) == (2, 3, 3)
    for table in partitions.TABLES:
        assert rows(engine, table) == {"old": 1, "2": 2}
    with engine.app_context():
        (kept,) = db.session.scalars(select(Delivery).where(Delivery.id < partitions.WIDTH))
        assert [attempt.response_bytes for attempt in kept.attempts] == [b"word"]
    run(engine, "UPDATE deliveries SET status = 'failed'")
    assert "partitions" not in prune(engine, 1.5)
    assert rows(engine) == rows(engine, "answer_words") == {"2": 2}


def test_the_rest_of_a_day_is_waited_for_once_a_day_and_not_by_the_command(engine: Flask) -> None:
    older = "UPDATE {} SET created_at = created_at - 36000000 WHERE {} = 3"
    run(engine, older.format("events", "id"), older.format("deliveries", "event_id"))
    assert prune(engine, 2.2, in_whole=True) == Counter(partitions=1, events=2, deliveries=2)
    assert rows(engine) == {"1": 2, "2": 2}
    assert prune(engine, 2.2) == Counter(events=1, deliveries=1)
    assert rows(engine) == {"1": 1, "2": 2}


def test_rows_are_deleted_where_others_read_the_tables_or_too_much_is_left(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.app_context(), db.engine.connect() as reader:
        reader.execute(text("SELECT 1 FROM attempts LIMIT 1"))
        assert prune(engine, 2.5) == Counter(events=2, deliveries=2, attempts=2)
    assert rows(engine) == rows(engine, "answer_words") == {"1": 2, "2": 2}
    run(engine, "UPDATE deliveries SET status = 'pending' WHERE event_id = 3")
    monkeypatch.setattr(partitions, "MAX_KEPT", 0)
    assert prune(engine, 1.5) == Counter(events=1, deliveries=1, attempts=1)
    assert rows(engine) == {"1": 1, "2": 2}
    monkeypatch.setattr(partitions, "MAX_KEPT", 1)
    assert prune(engine, 1.5) == Counter(partitions=2)
    assert rows(engine) == {"old": 1, "2": 2}


def test_an_attempt_finds_a_partition_whatever_the_clock_and_the_number(engine: Flask) -> None:
    assert not move_on(engine, -1000 * DAY)  # nothing has come since
    for days in (1000, -1000):
        send(engine)
        move_on(engine, days * DAY)
    run(engine, f"SELECT setval('deliveries_id_seq', {5 * partitions.WIDTH - 2})")
    send(engine, 3)
    run(engine, ATTEMPT)
    assert rows(engine) == {"0": 2, "1": 2, "2": 2, "3": 1, "4": 2, "5": 2}
    age(engine, DAY)
    assert move_on(engine)
    run(engine, "SELECT setval('deliveries_id_seq', 7)")  # as `move` does
    send(engine)
    run(engine, ATTEMPT)
    assert rows(engine)["0"] == 3
    age(engine, DAY)
    assert move_on(engine)


def test_two_processes_may_move_on_at_once(engine: Flask) -> None:
    send(engine, 2)
    age(engine, DAY)
    moved: list[bool] = []
    threads = [Thread(target=lambda: moved.append(move_on(engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False, False, False, True]


def test_to_make_one_keeps_nobody_waiting_and_to_drop_one_no_event(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[tuple[str, str]]] = []

    def watched(name: str) -> None:
        original = getattr(partitions, name)

        def call(*given: Any) -> Any:
            done = original(*given)
            with db.engine.connect() as other:
                seen.append({(row[0], row[1]) for row in other.execute(text(LOCKS))})
            return done

        monkeypatch.setattr(partitions, name, call)

    send(engine)
    age(engine, DAY)
    watched("_make")
    watched("_replace")
    assert move_on(engine)
    assert prune(engine, 3.5)["partitions"] == 1
    assert seen[0] == {(table, "ShareUpdateExclusiveLock") for table in partitions.TABLES}
    assert {table for table, _ in seen[-1]} == {*partitions.TABLES}


def test_an_older_database_keeps_every_row_and_can_go_back(
    make_app: MakeApp, postgres: Postgres
) -> None:
    empty = make_app(DATABASE_URL=postgres.create_database())
    with empty.app_context():
        migrate(empty, "0030")
        run(empty, EVENT)
        with transaction():
            for n in (1, 2):
                given = {"n": n, "id": f"dlv_{n}", "status": "failed", "made": 1}
                db.session.execute(text(DELIVERY), given)
        run(empty, ATTEMPT, "INSERT INTO answer_words SELECT id, ''::tsvector FROM attempts")
        upgrade(empty)
        assert rows(empty) == rows(empty, "answer_words") == {"0": 2}
        flask_migrate.downgrade(revision="0030")
        assert count(empty, Attempt) == 2
        upgrade(empty)
    assert count(empty, Attempt) == 2
    assert prune(empty, 1)["deliveries"] == 2
    assert rows(empty) == rows(empty, "answer_words") == {}
