"""How webhooks fare, from the hourly counts: rates, typical times, a bar for each hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import sqrt

from sqlalchemy import bindparam, func, select, text

from webhooks_ui.database.engine import db
from webhooks_ui.models import health_counts
from webhooks_ui.models.counters import DURATION_BOUNDS, SUMMED, TotalHour
from webhooks_ui.models.delivery import OPEN, Delivery
from webhooks_ui.models.health_counts import HOURS, Fares
from webhooks_ui.models.webhook import Webhook

MAX_COUNTED = 10_000
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
    hours: Sequence[tuple[int, int]] = Fares().hours

    def bars(self) -> tuple[str, str]:
        """The hours as two SVG paths, good on top of failed ones, in a box of 96 by 24."""
        most = max(good + bad for good, bad in self.hours)
        good_path, bad_path = "", ""
        for number, (good, bad) in enumerate(self.hours):
            low = _height(bad, most) if bad else 0
            if low:
                bad_path += _bar(number, _TALL, low)
            if good:
                good_path += _bar(number, _TALL - low, min(_height(good, most), _TALL - low))
        return good_path, bad_path


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
        return self.waiting >= MAX_COUNTED


def of(webhook_ids: Sequence[int], moment: datetime) -> Mapping[int, Health]:
    """The health of these webhooks; those without traffic in 7 days are left out."""
    found = health_counts.of(webhook_ids, moment) if webhook_ids else {}
    return {
        row: Health(_span(one.day), _span(one.week), one.hours)
        for row, one in found.items()
        if any(one.week)
    }


def summary(moment: datetime) -> Summary:
    """How everything stands, at the same cost however much was delivered."""
    first = health_counts.full_hour(moment) - timedelta(hours=HOURS - 1)
    row = db.session.execute(_SUMMARY, {"first": first}).one()
    return Summary(int(row[0] or 0), row[1], row[2], row[3])


def _span(counts: Sequence[int]) -> Span:
    delivered, given_up, attempts, failed = counts[: len(SUMMED)]
    return Span(delivered, given_up, attempts, failed, _median(counts[len(SUMMED) :]))


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


@lru_cache(maxsize=4096)
def _height(count: int, most: int) -> int:
    """Grows with the root, so that a quiet hour is still seen beside a busy one."""
    return max(2, round(_TALL * sqrt(count / most)))


@lru_cache(maxsize=4096)
def _bar(number: int, foot: int, tall: int) -> str:
    return f"M{number * _STEP} {foot}v-{tall}h{_BAR}v{tall}z"


_OPEN = select(Delivery.id).where(text(OPEN))
_SUMMARY = select(
    select(func.sum(TotalHour.delivered))
    .where(TotalHour.hour >= bindparam("first"))
    .scalar_subquery(),
    select(func.count(Webhook.id))
    .where(Webhook.failing_since.is_not(None), Webhook.enabled, Webhook.deleted_at.is_(None))
    .scalar_subquery(),
    select(func.count()).select_from(_OPEN.limit(MAX_COUNTED).subquery()).scalar_subquery(),
    _OPEN.with_only_columns(Delivery.created_at).order_by(Delivery.id).limit(1).scalar_subquery(),
)
