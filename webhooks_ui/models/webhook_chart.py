"""What was sent to one webhook over a span of time: counts by slots, and errors by kind.

Read from the hourly counts, 721 rows at most, and from the newest undelivered deliveries: it costs
the same however many deliveries there are. Tests are left out.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, union_all

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import milliseconds
from webhooks_ui.models import health_counts
from webhooks_ui.models.delivery import PENDING, UNDELIVERED, Delivery
from webhooks_ui.models.health_counts import AttemptCounts

MAX_ERRORS = 500  # of failed deliveries, the newest, and of waiting ones


@dataclass(frozen=True, slots=True)
class Span:
    """So many days of the calendar, today included, in slots of `hours`; 0 days are the last 24
    hours, the current one included."""

    days: int
    hours: int


SPANS = {"24h": Span(0, 1), "7d": Span(7, 6), "30d": Span(30, 24)}


@dataclass(frozen=True, slots=True)
class Slot:
    """Attempts from `began` until the next slot: what they delivered at once and after a retry, and
    those that failed."""

    began: datetime
    at_once: int = 0
    retried: int = 0
    failed: int = 0

    @property
    def attempts(self) -> int:
        return self.at_once + self.retried + self.failed


@dataclass(frozen=True, slots=True)
class Chart:
    """The slots, the oldest first, and their sums."""

    slots: Sequence[Slot]
    sums: AttemptCounts


def chart(webhook_id: int, chosen: Span, moment: datetime, zone: ZoneInfo) -> Chart:
    """The chart of a span that ends now. `zone` says when a day begins."""
    begins = _begins(chosen, moment, zone)
    starts = [milliseconds(began) for began in begins]
    rows = health_counts.by_hour(webhook_id, begins[0], moment)
    found: list[list[int]] = [[0, 0, 0] for _ in begins]
    for hour, (_delivered, _given_up, attempts, failed, _first, at_once, *_) in rows:
        slot = found[bisect(starts, hour) - 1]
        slot[0] += at_once
        slot[1] += attempts - failed - at_once
        slot[2] += failed
    slots = [Slot(began, *counts) for began, counts in zip(begins, found, strict=True)]
    return Chart(slots, health_counts.summed(counts for _, counts in rows))


def errors(webhook_id: int, since: datetime) -> dict[str, int]:
    """How many failed and waiting deliveries made since then have which last error.

    `MAX_ERRORS` of both are looked at, the newest that failed and those that are due first.
    """
    mine = select(Delivery.error, Delivery.created_at, Delivery.test)
    mine = mine.where(Delivery.webhook_id == webhook_id).limit(MAX_ERRORS)
    # Literal: see `Delivery`.
    lost = mine.where(text(UNDELIVERED), text("status = 'failed'")).order_by(Delivery.id.desc())
    waiting = mine.where(text(PENDING)).order_by(Delivery.due_at)
    parts = (lost.subquery().c, waiting.subquery().c)
    each = union_all(
        *(
            select(part.error).where(part.error.is_not(None), ~part.test, part.created_at >= since)
            for part in parts
        )
    ).subquery()
    counts = select(each.c.error, func.count()).group_by(each.c.error)
    ordered = counts.order_by(func.count().desc(), each.c.error)
    return dict(db.session.execute(ordered).all())


def _begins(chosen: Span, moment: datetime, zone: ZoneInfo) -> list[datetime]:
    """When each slot begins."""
    if not chosen.days:
        began = health_counts.day_began(moment)
        return [began + number * health_counts.HOUR for number in range(health_counts.HOURS)]
    today = moment.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(chosen.days))]
    times = [time(hour) for hour in range(0, 24, chosen.hours)]
    return [datetime.combine(day, at, zone) for day in days for at in times]
