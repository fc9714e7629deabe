"""Attempt counts of webhooks, summed from hourly counts, for the list and a webhook's page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import BigInteger, Select, Table, bindparam, func, select, type_coerce

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import milliseconds
from webhooks_ui.models.counters import (
    COUNTED,
    DURATION_BOUNDS,
    HAS_FAILED,
    TotalHour,
    WebhookHour,
)

HOURS = 24
HOUR = timedelta(hours=1)
_HOUR_MS = HOUR // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class AttemptCounts:
    """Counts of a span of time, without pings.

    `delivered` and `given_up` count deliveries, the attempts requests; of those, `first_attempts`
    were the first of a delivery, and `first_delivered` of these were accepted. `median_ms` and
    `p95_ms` are durations of attempts with a response, estimated from the counts by duration.
    """

    delivered: int = 0
    given_up: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    first_attempts: int = 0
    first_delivered: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None

    @property
    def good_attempts(self) -> int:
        """Attempts that the receiver accepted."""
        return self.attempts - self.failed_attempts

    @property
    def rate(self) -> float | None:
        """The share of attempts that succeeded, 0 to 1; None without any."""
        return self.good_attempts / self.attempts if self.attempts else None

    @property
    def first_rate(self) -> float | None:
        """The share of first attempts that delivered, 0 to 1; None where none is known."""
        return self.first_delivered / self.first_attempts if self.first_attempts else None


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """A webhook's last 24 hours. `hours` are succeeded and failed attempts of each hour, the
    current one last."""

    day: AttemptCounts = AttemptCounts()
    hours: Sequence[tuple[int, int]] = ((0, 0),) * HOURS


def last_day(webhook_ids: Sequence[int], moment: datetime) -> dict[int, HealthCounts]:
    """Counts by webhook id of the last 24 hours; webhooks without attempts are left out."""
    span = {"ids": webhook_ids, "first": day_began(moment), "last": moment}
    began = milliseconds(day_began(moment))
    by_webhook: dict[int, list[tuple[int, list[int]]]] = {}
    for webhook_id, hour, *counts in db.session.execute(_HOURS, span).all():
        by_webhook.setdefault(webhook_id, []).append(((hour - began) // _HOUR_MS, counts))
    return {webhook_id: _health(rows) for webhook_id, rows in by_webhook.items()}


def sums_of_day(webhook_ids: Sequence[int], moment: datetime) -> dict[int, AttemptCounts]:
    """Counts by webhook id of the last 24 hours, summed by the database."""
    span = {"ids": webhook_ids, "first": day_began(moment), "last": moment}
    return {row: summed([counts]) for row, *counts in db.session.execute(_SUMS, span)}


def failed_lately(moment: datetime) -> Sequence[int]:
    """The webhooks of which an attempt failed in the last 24 hours."""
    return db.session.scalars(_failed(moment).distinct()).all()


def any_failed(moment: datetime) -> bool:
    """Whether an attempt failed in the last 24 hours."""
    return db.session.scalar(_failed(moment).limit(1)) is not None


def _failed(moment: datetime) -> Select[int]:
    since = WebhookHour.hour >= day_began(moment)
    return select(WebhookHour.webhook_id).where(HAS_FAILED, since)


def by_hour(webhook_id: int, since: datetime, until: datetime) -> list[tuple[int, list[int]]]:
    """The hours of one webhook that begin in a span, in ms since 1970, with their `COUNTED`."""
    span = {"ids": [webhook_id], "first": since, "last": until}
    return [(hour, counts) for _, hour, *counts in db.session.execute(_HOURS, span)]


def day_of_all(moment: datetime) -> AttemptCounts:
    """Counts of all webhooks together in the last 24 hours."""
    return summed([db.session.execute(_SUMS_OF_ALL, {"since": day_began(moment)}).one()])


def day_began(moment: datetime) -> datetime:
    """When the first of the last 24 hours began, of which the present one is the last."""
    return moment.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * HOUR


def _health(rows: Sequence[tuple[int, list[int]]]) -> HealthCounts:
    hours = [(0, 0)] * HOURS
    for number, (_delivered, _given_up, attempts, failed, *_) in rows:
        hours[number] = (attempts - failed, failed)
    return HealthCounts(summed(counts for _, counts in rows), hours)


def summed(rows: Iterable[Sequence[int]]) -> AttemptCounts:
    """The sum of rows of `COUNTED`."""
    nothing = (0,) * len(COUNTED)
    sums = map(sum, zip(nothing, *rows, strict=True))
    delivered, given_up, attempts, failed, first, first_good, *durations = sums
    typical = quantile(durations, 0.5), quantile(durations, 0.95)
    return AttemptCounts(delivered, given_up, attempts, failed, first, first_good, *typical)


def quantile(durations: Sequence[int], share: float) -> float | None:
    """The duration in ms that this share of attempts does not exceed, from counts by duration.

    It is interpolated within its bucket on a logarithmic scale; None without any attempts.
    """
    wanted, passed = sum(durations) * share, 0
    if not wanted:
        return None
    bounds = (1, *DURATION_BOUNDS, DURATION_BOUNDS[-1] * 2)
    for number, count in enumerate(durations):
        if passed + count >= wanted:
            low, high = bounds[number], bounds[number + 1]
            return float(low * (high / low) ** ((wanted - passed) / count))
        passed += count
    return float(bounds[-1])


# Columns of the table, not of the model, and the hour as a number: a list reads 600 of these rows.
_TABLE = cast("Table", WebhookHour.__table__).c
_CHOSEN = (
    _TABLE.webhook_id.in_(bindparam("ids", expanding=True)),
    _TABLE.hour.between(bindparam("first"), bindparam("last")),
)
_HOURS = select(
    _TABLE.webhook_id,
    type_coerce(_TABLE.hour, BigInteger),
    *(_TABLE[name] for name in COUNTED),
).where(*_CHOSEN)
_SUMS = (
    select(_TABLE.webhook_id, *(func.sum(_TABLE[name]) for name in COUNTED))
    .where(*_CHOSEN)
    .group_by(_TABLE.webhook_id)
)
_SUMS_OF_ALL = select(
    *(func.coalesce(func.sum(getattr(TotalHour, name)), 0) for name in COUNTED)
).where(TotalHour.hour >= bindparam("since"))
