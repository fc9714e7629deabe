"""How webhooks fare, from the hourly counts: rates, typical times, a bar for each hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import sqrt
from typing import Any

from sqlalchemy import BigInteger, Select, func, literal, select, text, type_coerce, union_all

from webhooks_ui.database import db
from webhooks_ui.models.counts import DURATION_BOUNDS, TotalHour, WebhookDay, WebhookHour
from webhooks_ui.models.delivery import OPEN, Delivery
from webhooks_ui.models.webhook import Webhook

HOURS = 24
DAYS = 7
MOST_COUNTED = 10_000
_HOUR = timedelta(hours=1)
_SUMMED = ("delivered", "given_up", "attempts", "failed_attempts")
_HOUR_MS = _HOUR // timedelta(milliseconds=1)
_TOOK = tuple(f"took_{number}" for number in range(len(DURATION_BOUNDS) + 1))
_Counts = dict[int, Sequence[int]]  # by webhook
_QUIET = ((0, 0),) * HOURS
_NOTHING = (0,) * (len(_SUMMED) + len(_TOOK))
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
    hours: Sequence[tuple[int, int]] = _QUIET

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
        return self.waiting >= MOST_COUNTED


def of(webhook_ids: Sequence[int], moment: datetime) -> Mapping[int, Health]:
    """The health of these webhooks; those without traffic in 7 days are left out."""
    if not webhook_ids:
        return {}
    present = _full_hour(moment)
    first = present - (HOURS - 1) * _HOUR
    # Up to the present one: counts of the next hour may be there when this reads across its
    # beginning, or after the clock was set back.
    shown = WebhookHour.hour.between(first, present)
    days, weeks = _sums(webhook_ids, shown, present - (DAYS * HOURS - 1) * _HOUR)
    hours = _hours(webhook_ids, shown, first)
    return {
        row: Health(_span(days.get(row, _NOTHING)), _span(week), hours.get(row, _QUIET))
        for row, week in weeks.items()
    }


def _sums(webhook_ids: Sequence[int], day: Any, week: datetime) -> tuple[_Counts, _Counts]:
    """The counts of the hours of a day, and of all from one on, added up by the database; the
    latter by whole days, and by the hours of the one before them."""
    whole = week.replace(hour=0) + timedelta(days=1)
    parts = (
        _part("day", WebhookHour, webhook_ids, day),
        _part("week", WebhookDay, webhook_ids, WebhookDay.day >= whole),
        _part("week", WebhookHour, webhook_ids, WebhookHour.hour.between(week, whole - _HOUR)),
    )
    found: dict[str, _Counts] = {"day": {}, "week": {}}
    for name, row, *counts in db.session.execute(union_all(*parts)):
        before = found[name].get(row, _NOTHING)
        found[name][row] = [one + other for one, other in zip(before, counts, strict=True)]
    return found["day"], found["week"]


def _part(name: str, model: Any, webhook_ids: Sequence[int], span: Any) -> Select[Any]:
    sums = (func.sum(getattr(model, column)) for column in (*_SUMMED, *_TOOK))
    mine = select(literal(name), model.webhook_id, *sums).where(model.webhook_id.in_(webhook_ids))
    return mine.where(span).group_by(model.webhook_id)


def _hours(
    webhook_ids: Sequence[int], shown: Any, first: datetime
) -> dict[int, list[tuple[int, int]]]:
    """Good and failed attempts of each hour."""
    # As numbers: to make moments of them, and to subtract those, would take longest of all.
    hour, began = type_coerce(WebhookHour.hour, BigInteger), int(first.timestamp() * 1000)
    query = select(WebhookHour.webhook_id, hour, WebhookHour.attempts, WebhookHour.failed_attempts)
    own = (WebhookHour.webhook_id.in_(webhook_ids), shown)
    found: dict[int, list[tuple[int, int]]] = {}
    for row, at, attempts, failed in db.session.execute(query.where(*own)):
        hours = found.get(row) or found.setdefault(row, [(0, 0)] * HOURS)
        hours[(at - began) // _HOUR_MS] = (attempts - failed, failed)
    return found


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


@lru_cache(maxsize=4096)
def _height(count: int, most: int) -> int:
    """Grows with the root, so that a quiet hour is still seen beside a busy one."""
    return max(2, round(_TALL * sqrt(count / most)))


@lru_cache(maxsize=4096)
def _bar(number: int, foot: int, tall: int) -> str:
    return f"M{number * _STEP} {foot}v-{tall}h{_BAR}v{tall}z"


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
