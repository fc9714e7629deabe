"""Intake and claims with much kept and much waiting: `python -m bench.depth SMALL LARGE`.

Both are databases that `bench.seed` has filled, named as for `bench.pages`. What waits in them is
called off, their webhooks are switched off, and of twenty new ones 3,000 deliveries wait in the
small one and a million in the large one. Events of another type come for three more. The databases
take turns.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select, text, update

from bench.pages import named
from bench.stage import EVENT, analyse
from tests.engine.conftest import claim, subscribe
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake import accept as intake
from webhooks_ui.models import Delivery, Event, Webhook
from webhooks_ui.models.delivery import OPEN

QUEUES, RECEIVERS = 20, 3
FEW, MANY = 3_000, 1_000_000
EVENTS, CLAIMS, WARM_UP = 300, 25, 5
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)",
    "postgresql": "WITH n AS (SELECT generate_series(1, :count) AS i)",
}
_PILE = """
    INSERT INTO deliveries (public_id, event_id, webhook_id, type, test, status, due_at, claims,
      attempts_made, created_at)
    {numbers} SELECT 'dlv_depth' || i, :event, :first + i % :queues, 'message_created',
      CAST(0 AS {boolean}), 'pending', 0, 0, 0, :at FROM n
"""


def main(small: str, large: str) -> None:
    """Prints medians in ms of both databases, and their ratios, as JSON."""
    with named(small) as few, named(large) as many:
        _prepare(few, FEW)
        _prepare(many, MANY)
        print(json.dumps({"intake": _in_turns(_accept, few, many, EVENTS)}), flush=True)
        print(json.dumps({"claim": _in_turns(_claim, few, many, CLAIMS)}), flush=True)


def _prepare(app: Flask, waiting: int) -> None:
    with app.app_context():
        kind = db.engine.dialect.name
        with transaction():
            db.session.execute(update(Delivery).where(text(OPEN)).values(status="cancelled"))
            db.session.execute(update(Webhook).values(enabled=False))
            first = (db.session.scalar(select(func.max(Webhook.id))) or 0) + 1
            event = db.session.scalar(select(func.max(Event.id)))
        for number in range(QUEUES):
            subscribe(app, f"http://127.0.0.1:9/{number}", events=("team_changed",))
        for number in range(RECEIVERS):
            subscribe(app, f"http://127.0.0.1:9/{number}")
        boolean = {"sqlite": "integer", "postgresql": "boolean"}[kind]
        given = {"count": waiting, "event": event, "first": first, "queues": QUEUES}
        with transaction():
            pile = _PILE.format(numbers=_NUMBERS[kind], boolean=boolean)
            at = int(now().timestamp() * 1000)
            db.session.execute(text(pile), given | {"at": at})
        if kind == "postgresql":  # as autovacuum does, later
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
    analyse(app)


def _in_turns(call: Callable[[], None], few: Flask, many: Flask, count: int) -> dict[str, float]:
    took: dict[str, list[float]] = {"few": [], "many": []}
    for number in range(WARM_UP + count):
        for name, app in (("few", few), ("many", many)):
            with app.app_context():
                start = time.perf_counter()
                call()
                if number >= WARM_UP:
                    took[name].append((time.perf_counter() - start) * 1000)
    ms = {name: statistics.median(times) for name, times in took.items()}
    return {"few, ms": ms["few"], "many, ms": ms["many"], "ratio": ms["many"] / ms["few"]}


def _accept() -> None:
    intake.accept([EVENT])


def _claim() -> None:
    assert len(claim({}, 5, 100, now(), timedelta(minutes=1)).claims) == 100


if __name__ == "__main__":
    main(*sys.argv[1:])
