"""How webhooks fare, from the hourly counts: rates, typical times, a bar for each hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from sqlalchemy import func, select, text

from webhooks_ui.database import db
from webhooks_ui.models.counts import DURATION_BOUNDS, TotalHour, WebhookHour
from webhooks_ui.models.delivery import OPEN, Delivery
from webhooks_ui.models.webhook import Webhook

HOURS = 24
DAYS = 7
MOST_COUNTED = 10_000
_HOUR = timedelta(hours=1)
_SUMMED = ("delivered", "given_up", "attempts", "failed_attempts")
_TOOK = tuple(f"took_{number}" for number in range(len(DURATION_BOUNDS) + 1))
_BAR, _STEP, _TALL = 3, 4, 24  # width of a bar, from one to the next, height; in the SVG's units


@dataclass(frozen=True, slots=True)
class Span:
    """What happened in a span of time. Tests are not counted.

    `delivered` and `given_up` count deliveries, the attempts requests. `median_ms` is the typical
    duration of an attempt that got an answer, estimated from how many took how long.
    """

    delivered: int = 0
    given_up: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    median_ms: float | None = None

    @property
    def good_attempts(self) -> int:
        """Attempts that the receiver took."""
        return self.attempts - self.failed_attempts

    @property
    def rate(self) -> float | None:
        """The share of attempts that succeeded, 0 to 1; None without any."""
        return self.good_attempts / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True)
class Health:
    """A webhook's last 24 hours and 7 days. `hours` are good and failed attempts of each of the 24
    hours, the present one last."""

    day: Span = Span()
    week: Span = Span()
    hours: Sequence[tuple[int, int]] = ((0, 0),) * HOURS

    def bars(self) -> tuple[str, str]:
        """The hours as two SVG paths, good on top of failed ones, in a box of 96 by 24."""
        most = max(good + bad for good, bad in self.hours)
        good_path, bad_path = [], []
        for number, (good, bad) in enumerate(self.hours):
            low = _height(bad, most)
            high = min(_height(good, most), _TALL - low)
            x = number * _STEP
            if low:
                bad_path.append(f"M{x} {_TALL}v-{low}h{_BAR}v{low}z")
            if high:
                good_path.append(f"M{x} {_TALL - low}v-{high}h{_BAR}v{high}z")
        return "".join(good_path), "".join(bad_path)


@dataclass(frozen=True, slots=True)
class Summary:
    """All webhooks at once: the last 24 hours, how many fail, what waits and since when."""

    delivered: int
    failing: int
    waiting: int
    oldest_at: datetime | None

    @property
    def is_more(self) -> bool:
        """Whether more wait than were counted."""
        return self.waiting >= MOST_COUNTED


def of(webhook_ids: Sequence[int], moment: datetime) -> Mapping[int, Health]:
    """The health of these webhooks; those without traffic in 7 days are left out."""
    present = _full_hour(moment)
    own = WebhookHour.webhook_id.in_(webhook_ids)
    columns = [getattr(WebhookHour, name) for name in (*_SUMMED, *_TOOK)]
    sums = [func.sum(column) for column in columns]
    week = select(WebhookHour.webhook_id, *sums).where(
        own, WebhookHour.hour > present - timedelta(days=DAYS)
    )
    weeks = {row[0]: row[1:] for row in db.session.execute(week.group_by(WebhookHour.webhook_id))}
    first = present - (HOURS - 1) * _HOUR
    # Up to the present one: counts of the next hour may be there when this reads across its
    # beginning, or after the clock was set back.
    day = select(WebhookHour.webhook_id, WebhookHour.hour, *columns).where(
        own, WebhookHour.hour.between(first, present)
    )
    days: dict[int, list[tuple[datetime, Any]]] = {}
    for webhook_id, hour, *counts in db.session.execute(day):
        days.setdefault(webhook_id, []).append((hour, counts))
    return {
        webhook_id: _health(first, days.get(webhook_id, []), counts)
        for webhook_id, counts in weeks.items()
    }


def summary(moment: datetime) -> Summary:
    """How everything stands, at the same cost however much was delivered."""
    first = _full_hour(moment) - (HOURS - 1) * _HOUR
    is_open = text(OPEN)
    waiting = select(Delivery.id).where(is_open).limit(MOST_COUNTED).subquery()
    oldest = select(Delivery.created_at).where(is_open).order_by(Delivery.id).limit(1)
    delivered = select(func.sum(TotalHour.delivered)).where(TotalHour.hour >= first)
    failing = select(func.count(Webhook.id)).where(
        Webhook.failing_since.is_not(None), Webhook.enabled, Webhook.deleted_at.is_(None)
    )
    counted = select(func.count()).select_from(waiting)
    asked = (delivered, failing, counted, oldest)
    row = db.session.execute(select(*(query.scalar_subquery() for query in asked))).one()
    return Summary(int(row[0] or 0), row[1], row[2], row[3])


def _health(first: datetime, rows: Sequence[tuple[datetime, Any]], week: Sequence[Any]) -> Health:
    total = [0] * (len(_SUMMED) + len(_TOOK))
    hours = [(0, 0)] * HOURS
    for hour, counts in rows:
        total = [sum(pair) for pair in zip(total, counts, strict=True)]
        attempts, failed = counts[2], counts[3]
        hours[(hour - first) // _HOUR] = (attempts - failed, failed)
    return Health(_span(total), _span([int(count) for count in week]), tuple(hours))


def _span(counts: Sequence[int]) -> Span:
    delivered, given_up, attempts, failed = counts[: len(_SUMMED)]
    return Span(delivered, given_up, attempts, failed, _median(counts[len(_SUMMED) :]))


def _median(took: Sequence[int]) -> float | None:
    """Where the middle one lies between the bounds of its class, on a logarithmic scale."""
    middle, passed = sum(took) / 2, 0
    if not middle:
        return None
    bounds = (1, *DURATION_BOUNDS, DURATION_BOUNDS[-1] * 2)
    for number, count in enumerate(took):
        if passed + count >= middle:
            low, high = bounds[number], bounds[number + 1]
            return float(low * (high / low) ** ((middle - passed) / count))
        passed += count
    return float(bounds[-1])


def _height(count: int, most: int) -> int:
    """Grows with the root, so that a quiet hour is still seen beside a busy one."""
    return max(2, round(_TALL * sqrt(count / most))) if count else 0


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
