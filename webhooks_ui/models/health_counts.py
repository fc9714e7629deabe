"""The counts of webhooks that their health is made of: their past as a worker has added it up, and
the present.

Where no worker has done so yet, the hours that are over are added up here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    bindparam,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from webhooks_ui.database.engine import db
from webhooks_ui.models.counters import COUNTED, WebhookDay, WebhookHour, WebhookPast
from webhooks_ui.models.id_list import among

HOURS = 24
DAYS = 7
_HOUR = timedelta(hours=1)
_HOUR_MS = _HOUR // timedelta(milliseconds=1)
_NOTHING = (0,) * len(COUNTED)
_QUIET = ((0, 0),) * HOURS
_ATTEMPTS, _FAILED = COUNTED.index("attempts"), COUNTED.index("failed_attempts")

_Counts = Sequence[int]


@dataclass(frozen=True, slots=True)
class Fares:
    """`day` and `week` are the sums of the last 24 hours and 7 days, in the order of `COUNTED`.
    `hours` are good and failed attempts of each of the 24 hours, the present one last."""

    day: _Counts = _NOTHING
    week: _Counts = _NOTHING
    hours: Sequence[tuple[int, int]] = _QUIET


def of(webhook_ids: Sequence[int], moment: datetime) -> dict[int, Fares]:
    """How these webhooks have fared; without those of which nothing is counted."""
    present = full_hour(moment)
    found = _kept(webhook_ids, present)
    if unknown := [row for row in webhook_ids if row not in found]:
        found |= past(unknown, present)
    span = {"ids": webhook_ids, "present": present, "today": present.replace(hour=0)}
    hour: dict[int, _Counts] = {}
    today: dict[int, _Counts] = {}
    for is_day, row, *counts in db.session.execute(_PRESENT, span).all():
        (today if is_day else hour)[row] = counts
    return {
        row: _together(found.get(row, Fares()), hour.get(row, _NOTHING), today.get(row, _NOTHING))
        for row in found.keys() | today.keys()
    }


def full_hour(moment: datetime) -> datetime:
    """When the hour of this moment began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _together(past: Fares, hour: _Counts, today: _Counts) -> Fares:
    attempts, failed = hour[_ATTEMPTS], hour[_FAILED]
    return Fares(
        [*map(add, past.day, hour)],
        [*map(add, past.week, today)],
        (*past.hours[:-1], (attempts - failed, failed)),
    )


def _kept(webhook_ids: Sequence[int], present: datetime) -> dict[int, Fares]:
    rows = db.session.execute(_PASTS, {"ids": webhook_ids, "present": present}).all()
    return {
        row: Fares(tuple(day), tuple(week), tuple(map(tuple, hours)))
        for row, (day, week, hours) in rows
    }


def past(webhook_ids: Sequence[int], present: datetime) -> dict[int, Fares]:
    """All but the present hour, of the day, and all but today, of the week."""
    first, week = present - (HOURS - 1) * _HOUR, present - (DAYS * HOURS - 1) * _HOUR
    whole = week.replace(hour=0) + timedelta(days=1)
    span = {
        "ids": webhook_ids,
        "first": first,
        "last": present - _HOUR,
        "week": week,
        "whole": whole,
        "before_whole": whole - _HOUR,
        "today": present.replace(hour=0),
    }
    days, weeks, hours = _sums(_PAST_DAY, span), _sums(_PAST_WEEK, span), _hours(span)
    return {
        row: Fares(days.get(row, _NOTHING), weeks.get(row, _NOTHING), hours.get(row, _QUIET))
        for row in days.keys() | weeks.keys()
    }


def _sums(query: Select[Any] | CompoundSelect[Any], span: dict[str, Any]) -> dict[int, _Counts]:
    found: dict[int, _Counts] = {}
    for row, *counts in db.session.execute(query, span).all():
        before = found.get(row)
        found[row] = [*map(add, before, counts)] if before else counts
    return found


def _hours(span: dict[str, Any]) -> dict[int, list[tuple[int, int]]]:
    began = int(span["first"].timestamp() * 1000)
    found: dict[int, list[tuple[int, int]]] = {}
    for row, at, attempts, failed in db.session.execute(_EACH_HOUR, span).all():
        hours = found.get(row) or found.setdefault(row, [*_QUIET])
        hours[(at - began) // _HOUR_MS] = (attempts - failed, failed)
    return found


_PER_HOUR, _PER_DAY = cast("Table", WebhookHour.__table__), cast("Table", WebhookDay.__table__)


def _counts(table: Table, span: ColumnElement[bool]) -> Select[Any]:
    columns = (table.c[name] for name in ("webhook_id", *COUNTED))
    is_day = literal(int(table is _PER_DAY))
    return select(is_day, *columns).where(among(table.c.webhook_id), span)


def _summed(table: Table, span: ColumnElement[bool]) -> Select[Any]:
    sums = (func.sum(table.c[name]) for name in COUNTED)
    mine = select(table.c.webhook_id, *sums).where(among(table.c.webhook_id), span)
    return mine.group_by(table.c.webhook_id)


# Made once: to put them together takes as long as to ask them.
_PASTS = select(WebhookPast.webhook_id, WebhookPast.counts).where(
    among(WebhookPast.webhook_id), WebhookPast.hour == bindparam("present")
)
_PRESENT = union_all(
    _counts(_PER_HOUR, _PER_HOUR.c.hour == bindparam("present")),
    _counts(_PER_DAY, _PER_DAY.c.day == bindparam("today")),
)
_PAST_HOURS = _PER_HOUR.c.hour.between(bindparam("first"), bindparam("last"))
_PAST_DAY = _summed(_PER_HOUR, _PAST_HOURS)
# By whole days, and by the hours of the one before them.
_PAST_WEEK = union_all(
    _summed(
        _PER_DAY, (_PER_DAY.c.day >= bindparam("whole")) & (_PER_DAY.c.day < bindparam("today"))
    ),
    _summed(_PER_HOUR, _PER_HOUR.c.hour.between(bindparam("week"), bindparam("before_whole"))),
)
_EACH_HOUR = select(
    _PER_HOUR.c.webhook_id,
    # As numbers: to make moments of them, and to subtract those, would take longest of all.
    type_coerce(_PER_HOUR.c.hour, BigInteger),
    _PER_HOUR.c.attempts,
    _PER_HOUR.c.failed_attempts,
).where(among(_PER_HOUR.c.webhook_id), _PAST_HOURS)
