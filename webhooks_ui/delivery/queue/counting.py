"""The hourly counts, written in the transaction that records the outcomes they count."""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.models.counters import (
    COUNTED,
    DURATION_BOUNDS,
    TotalHour,
    WebhookDay,
    WebhookHour,
    WebhookPast,
)
from webhooks_ui.models.id_list import among

_PARTS = 16
_HOUR = 3_600_000  # ms
_DAY = 24 * _HOUR
_ADDED_UP = delete(WebhookPast).where(among(WebhookPast.webhook_id))

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
    days: dict[tuple[int, int], Counter[str]] = {}
    totals: dict[int, Counter[str]] = {}
    for (webhook_id, hour), counts in webhooks.items():
        days.setdefault((webhook_id, hour - hour % _DAY), Counter()).update(counts)
        totals.setdefault(hour, Counter()).update(counts)
    # Always in the same order, so that two workers never wait for each other.
    dialect = connection.dialect.name
    for model, name, found in ((WebhookHour, "hour", webhooks), (WebhookDay, "day", days)):
        rows = [
            {"webhook_id": webhook_id, name: _moment(began)} | _row(found[webhook_id, began])
            for webhook_id, began in sorted(found)
        ]
        connection.execute(_upsert(dialect, model, ("webhook_id", name)), rows)
    present = milliseconds(now())
    if late := [row for row, hour in webhooks if hour + _HOUR <= present]:
        connection.execute(_ADDED_UP, {"ids": late})  # before this came
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
