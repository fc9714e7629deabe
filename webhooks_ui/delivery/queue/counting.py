"""The hourly counts, written in the transaction that records the outcomes they count."""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from webhooks_ui.database.types import milliseconds
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.models.counters import COUNTED, DURATION_BOUNDS, TotalHour, WebhookHour

_PARTS = 16
_HOUR = 3_600_000  # ms

Ended = tuple[int, str, AttemptRecord]
"""A webhook's row, the delivery's next status, and the attempt."""


def add(connection: Connection, ended: Iterable[Ended]) -> None:
    """Adds attempts to the counts of their hours."""
    webhooks: dict[tuple[int, int], Counter[str]] = {}
    for webhook_id, status, attempt in ended:
        moment = milliseconds(attempt.ended_at)
        key = webhook_id, moment - moment % _HOUR
        counts = webhooks.get(key)
        if counts is None:
            counts = webhooks[key] = Counter()
        for name in _counts(status, attempt):
            counts[name] += 1
    if not webhooks:
        return
    totals: dict[int, Counter[str]] = {}
    for (_webhook_id, hour), counts in webhooks.items():
        totals.setdefault(hour, Counter()).update(counts)
    # Always in the same order, so that two workers never wait for each other.
    dialect = connection.dialect.name
    rows = [
        {"webhook_id": webhook_id, "hour": _moment(hour)} | _row(webhooks[webhook_id, hour])
        for webhook_id, hour in sorted(webhooks)
    ]
    connection.execute(_upsert(dialect, WebhookHour, ("webhook_id", "hour")), rows)
    part = os.getpid() % _PARTS
    rows = [{"hour": _moment(hour), "part": part} | _row(totals[hour]) for hour in sorted(totals)]
    connection.execute(_upsert(dialect, TotalHour, ("hour", "part")), rows)


def _moment(since_1970: int) -> datetime:
    return datetime.fromtimestamp(since_1970 / 1000, UTC)


def _counts(status: str, attempt: AttemptRecord) -> list[str]:
    found = ["attempts"]
    if attempt.error:
        found.append("failed_attempts")
    if status == "succeeded":
        found.append("delivered")
    if status == "failed":
        found.append("given_up")
    if attempt.status_code is not None:
        found.append(f"took_{bisect_left(DURATION_BOUNDS, attempt.duration_ms)}")
    return found


def _row(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in COUNTED}


@cache
def _upsert(dialect: str, model: Any, key: tuple[str, ...]) -> Any:
    table: Table = model.__table__
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
    new = insert(table).values({name: bindparam(name) for name in (*key, *COUNTED)})
    added = {name: table.c[name] + new.excluded[name] for name in COUNTED}
    return new.on_conflict_do_update(index_elements=list(key), set_=added)
