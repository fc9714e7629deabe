"""What a claim reads does not grow with what waits for a receiver that is dead."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from tests.engine.conftest import claim, send, subscribe
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import claim_sql, waiting
from webhooks_ui.delivery.queue.claims import Demand, Known
from webhooks_ui.models import Event

WAITING = 2_000
MAX_ROWS = 500  # of a plan's nodes together; a look at all that waits would be far above
MAX_STEPS = 5_000  # of SQLite's virtual machine
LOOK = {"after": 0, "most": waiting.MAX_HOPS, "unproven": 1}

# Many deliveries of one event, as fan-out writes them: due since 1970.
PILE = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :waiting)
        INSERT INTO deliveries
          (public_id, event_id, webhook_id, test, status, due_at, claims, attempts_made, created_at)
        SELECT 'dlv_' || i, :event, :webhook, 0, 'pending', 0, 0, 0, 0 FROM n
    """,
    "postgresql": """
        INSERT INTO deliveries
          (public_id, event_id, webhook_id, test, status, due_at, claims, attempts_made, created_at)
        SELECT 'dlv_' || i, :event, :webhook, false, 'pending', 0, 0, 0, 0
        FROM generate_series(1, :waiting) AS i
    """,
}


@pytest.fixture
def piled_up(engine: Flask) -> Iterator[Flask]:
    """Much waits for webhook 1, one event for webhook 2."""
    subscribe(engine, "http://127.0.0.1/dead", events=("team_changed",))
    subscribe(engine, "http://127.0.0.1/alive")
    send(engine)
    with engine.app_context():
        with transaction():
            event = db.session.query(Event.id).scalar()
            given = {"event": event, "webhook": 1, "waiting": WAITING}
            db.session.execute(text(PILE[db.engine.dialect.name]), given)
            if db.engine.dialect.name == "postgresql":
                db.session.execute(text("ANALYZE"))
        yield engine


def demand(slots: dict[int, int]) -> Demand:
    return Demand({w: Known(n) for w, n in slots.items()}.get, 2, 64, timedelta(seconds=45))


@pytest.mark.usefixtures("piled_up")
def test_a_claim_reads_few_rows_however_many_wait_and_the_others_get_their_turn() -> None:
    for slots in ({}, {1: 1}, {1: 0}):
        if db.engine.dialect.name == "sqlite":
            assert steps(slots) < MAX_STEPS
        else:
            assert rows(slots) < MAX_ROWS
    claims = claim({}, 2, 64, now(), timedelta(seconds=45)).claims
    assert sorted(claim.webhook_id for claim in claims) == [1, 1, 2]


def rows(slots: dict[int, int]) -> int:
    """How many rows the nodes of PostgreSQL's plans gave or threw away, as they were run."""
    moment = now()
    with db.engine.connect() as connection:  # which leases nothing in the end
        with prepared.within(connection) as runner:
            found = waiting.read(runner, demand(slots), moment)
        given = claim_sql.parameters(found.sources, demand(slots), moment)
        read = waiting.STATEMENTS["postgresql"], LOOK | {"now": given["now"]}
        lease = claim_sql.LEASE_ON_POSTGRESQL, given
        return sum(of(connection, *one) for one in (read, lease))


def of(connection: Connection, statement: str, given: dict[str, Any]) -> int:
    explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    found = connection.execute(explain, given).scalar_one()
    (plan,) = found if isinstance(found, list) else json.loads(found)

    def touched(node: dict[str, Any]) -> int:
        given = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        return int(given * node["Actual Loops"]) + sum(map(touched, node.get("Plans", ())))

    return touched(plan["Plan"])


def steps(slots: dict[int, int]) -> int:
    """How many steps SQLite's virtual machine takes, to the next hundred."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 100
        return 0

    with db.engine.connect() as connection:
        connection.begin()  # what it leases is rolled back below
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(count, 100)
        with prepared.within(connection) as runner:
            claim_sql.claim(runner, demand(slots), now())
        driver.set_progress_handler(None, 0)
        connection.rollback()
    return taken


@pytest.mark.parametrize("make_engine", ["sqlite"], indirect=True)
def test_sqlite_looks_nothing_up_without_an_index(engine: Flask) -> None:
    plan = []
    with engine.app_context():
        connection = db.session.connection()
        for statement, given in (
            (waiting.STATEMENTS["sqlite"], LOOK | {"now": 0}),
            (claim_sql.DUE_ON_SQLITE, {"webhook_id": 1, "now": 0, "slots": 2}),
        ):
            explain = f"EXPLAIN QUERY PLAN {statement}"
            plan += [row.detail for row in connection.exec_driver_sql(explain, given)]
    of_deliveries = [line for line in plan if re.search(r"\b(deliveries|d|p)\b", line)]
    assert of_deliveries
    assert [line for line in of_deliveries if "SCAN" in line and "INDEX" not in line] == []
