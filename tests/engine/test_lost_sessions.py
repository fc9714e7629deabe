"""What PostgreSQL refuses or ends in the midst of an event is tried again, or answered with 503."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.api.conftest import Call, caller, issue
from tests.api.test_take_events import EVENT, events_in
from tests.engine.conftest import subscribe
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db
from webhooks_ui.models.token import MEMORY

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'unnest'"
TRIED_AGAIN = {
    "40001": "could not serialize access",
    "40P01": "deadlock detected",
    "57014": "canceling statement due to user request",
    "25P02": "current transaction is aborted",
    "26000": "prepared statement does not exist",
    "0A000": "cached plan must not change result type",
}
REFUSED = {
    "25006": "cannot execute INSERT in a read-only transaction",
    "25P03": "terminating connection due to idle-in-transaction timeout",
    "53200": "out of memory",
    "53300": "too many connections",
    "57P03": "the database system is starting up",
    "58030": "could not write block",
    "XX000": "unexpected data beyond EOF",
}


@pytest.fixture
def call(app: Flask) -> Call:
    """Calls with a token whose use has been recorded, so that the way of plain events is open."""
    subscribe(app, "http://127.0.0.1/1")
    call = caller(app, issue(app, "events"))
    assert call("POST", "/events", EVENT).status_code == 202
    return call


@pytest.fixture
def failing(app: Flask) -> Iterator[None]:
    """Lets the server itself refuse events as `fail` says."""
    body = """DECLARE f failures%ROWTYPE; BEGIN
        SELECT * FROM failures INTO f;
        IF f.state <> '' AND nextval('failed') <= f.times THEN
            RAISE EXCEPTION USING ERRCODE = f.state, MESSAGE = f.message;
        END IF;
        RETURN NEW;
    END"""
    made = f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
    on_insert = "BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fail()"
    run(app, "CREATE SEQUENCE failed")
    run(app, "CREATE TABLE failures AS SELECT '' AS state, '' AS message, 0 AS times")
    run(app, made, f"CREATE TRIGGER fails {on_insert}")
    yield
    run(app, "DROP FUNCTION fail() CASCADE", "DROP TABLE failures", "DROP SEQUENCE failed")


def run(app: Flask, *statements: str) -> list[int]:
    with app.app_context(), db.engine.begin() as connection:
        found = [connection.execute(text(statement)) for statement in statements][-1]
        return [*found.scalars()] if found.returns_rows else []


def fail(app: Flask, state: str, message: str, times: int) -> None:
    update = f"UPDATE failures SET state = '{state}', message = '{message}', times = {times}"  # noqa: S608
    run(app, "ALTER SEQUENCE failed RESTART", update)


@pytest.mark.usefixtures("failing")
def test_a_statement_that_was_rolled_back_is_retried(app: Flask, call: Call) -> None:
    found = {}
    for state, message in TRIED_AGAIN.items():
        fail(app, state, message, times=1)
        found[state] = call("POST", "/events", EVENT).status_code

    assert found == dict.fromkeys(TRIED_AGAIN, 202)
    assert events_in(app) == 1 + len(TRIED_AGAIN)


@pytest.mark.usefixtures("failing")
def test_a_fault_of_the_database_is_answered_503(app: Flask, call: Call) -> None:
    found = {}
    for state, message in REFUSED.items():
        fail(app, state, message, times=100)
        refused = call("POST", "/events", EVENT)
        found[state] = refused.status_code, refused.headers.get("Retry-After")

    assert found == dict.fromkeys(REFUSED, (503, "5"))
    assert events_in(app) == 1


def test_lost_prepared_statements_are_prepared_again(app: Flask, call: Call) -> None:
    """As by a pooler, unseen by the driver."""
    for _ in range(8):
        MEMORY.forget()
        assert call("POST", "/events", EVENT).status_code == 202
    with app.app_context():
        pool: Any = db.engine.pool
        connections = [db.engine.raw_connection() for _ in range(pool.checkedin())]
        for one in connections:
            driver: Any = one.driver_connection
            driver.autocommit = True  # the driver prepares again after a rollback
            driver.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
            driver.autocommit = False
            one.close()
    answers = []
    for _ in connections * 2:
        MEMORY.forget()
        answers.append(call("POST", "/events", EVENT).status_code)

    assert answers == [202] * len(answers)


@pytest.mark.parametrize(
    ("end", "status"), [("pg_cancel_backend", 202), ("pg_terminate_backend", 503)]
)
def test_a_statement_fails_within_a_group(app: Flask, call: Call, end: str, status: int) -> None:
    found: list[int] = []
    with app.app_context():
        other = db.engine.raw_connection()
    other.cursor().execute("LOCK TABLE idempotency_keys IN EXCLUSIVE MODE")
    posted = lambda: found.append(call("POST", "/events", EVENT).status_code)  # noqa: E731
    poster = Thread(target=posted)
    poster.start()
    (pid,) = wait_until(lambda: run(app, WAITING), what="a statement that waits")

    run(app, f"SELECT {end}({pid})")
    other.cursor().execute("ROLLBACK")
    other.close()
    poster.join()

    assert found == [status]
    assert call("POST", "/events", EVENT).status_code == 202
