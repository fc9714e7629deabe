"""The hourly counts, written in the transaction that records the attempts they count."""

import os
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Table

from webhooks_ui.database.prepared import ManyRows, Runner, Values, inserted
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.models.counters import COUNTED, DURATION_BOUNDS, TotalHour, WebhookHour

_PARTS = 16

Ended = tuple[int, str, AttemptRecord]
"""A webhook's row, the delivery's next status, and the attempt."""


def add(runner: Runner, ended: Iterable[Ended]) -> None:
    """Adds attempts to the counts of their hours."""
    webhooks: defaultdict[tuple[int, datetime], Counter[str]] = defaultdict(Counter)
    totals: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for webhook_id, status, attempt in ended:
        hour = attempt.ended_at.replace(minute=0, second=0, microsecond=0)
        counts = _counts(status, attempt)
        webhooks[webhook_id, hour].update(counts)
        totals[hour].update(counts)
    if not webhooks:
        return
    # Always in the same order, so that two workers never wait for each other.
    rows = [
        {"webhook_id": webhook_id, "hour": hour} | _row(webhooks[webhook_id, hour])
        for webhook_id, hour in sorted(webhooks)
    ]
    runner.run_many(_upsert(WebhookHour, ("webhook_id", "hour")), rows)
    part = os.getpid() % _PARTS
    totalled = [{"hour": hour, "part": part} | _row(totals[hour]) for hour in sorted(totals)]
    runner.run_many(_upsert(TotalHour, ("hour", "part")), totalled)


def _counts(status: str, attempt: AttemptRecord) -> list[str]:
    found = ["attempts"]
    if attempt.error:
        found.append("failed_attempts")
    if attempt.number == 1:
        found += ["first_attempts"] if attempt.error else ["first_attempts", "first_delivered"]
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
def _upsert(model: Any, key: tuple[str, ...]) -> ManyRows:
    table: Table = model.__table__

    def build(dialect: str, values: Values) -> Any:
        # Its package alone: the other database's takes time and memory.
        insert: Any = import_module(f"sqlalchemy.dialects.{dialect}").insert
        new: Any = inserted(insert(table), values)
        added = {name: table.c[name] + new.excluded[name] for name in COUNTED}
        return new.on_conflict_do_update(index_elements=list(key), set_=added)

    return ManyRows({name: table.c[name].type for name in (*key, *COUNTED)}, build)
