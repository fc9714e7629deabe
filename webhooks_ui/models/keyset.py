"""A long table walked from its newest row back, a page at a time, at the same cost however long.

One index leads: its rows are looked at from the newest on, `WINDOW` at most for one page, and what
else narrows the list is applied to them. A page may so be short, or empty, although there is more
further back; it then says how far it looked, and the next page goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, TextClause, func, literal, select, tuple_
from ulid import ULID

from webhooks_ui.database.engine import db

PAGE = 50
WINDOW = 1_000
_NEIGHBOURS = 50  # rows by id in time of which a few may have been made long after their ids
_BEFORE = timedelta(seconds=10)  # an id is older than its row: by a wait for the database at most
_BEHIND = timedelta(seconds=1)  # writers that are under way at once
_LAST = 2**62

Condition = Any
"""What SQLAlchemy takes in `where`."""


@dataclass(frozen=True, slots=True)
class LeadingIndex:
    """The index that leads: columns with their values, which `id` follows in it; with `partial`,
    the condition that the index is limited to, in its own words."""

    keys: Mapping[str, Any] = field(default_factory=dict)
    partial: TextClause | None = None


@dataclass(frozen=True, slots=True)
class Ids:
    """From which row to which, both included."""

    first: int = 0
    last: int = _LAST

    def between(self, after: int | None, before: int | None) -> "Ids":
        """What of it lies after a row and before another."""
        first = self.first if after is None else max(self.first, after + 1)
        return Ids(first, self.last if before is None else min(self.last, before - 1))


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """The rows' ids, newest first.

    `next` is where the page after goes on, None at the end. With `is_short` it looked at all that
    one page may look at, back to the row `next`, and did not fill the page.
    """

    ids: Sequence[int]
    next: int | None
    is_short: bool = False


def walk(
    model: Any,
    leader: LeadingIndex,
    others: Callable[[Any], Sequence[Condition]],
    ids: Ids,
    limit: int = PAGE,
) -> KeysetPage:
    """The newest `limit` rows of `ids`.

    The leader's conditions are answered by its index; `others` gives the rest for the columns of
    the rows that were looked at.
    """
    window = _led(model, leader, ids)
    if not others(model.__table__.c):
        rows = list(db.session.scalars(window.with_only_columns(model.id).limit(limit + 1)))
        return KeysetPage(rows[:limit], rows[limit - 1] if len(rows) > limit else None)
    seen = window.limit(WINDOW).subquery()
    # In the window's own order, so that the first rows are enough where many of them match.
    order = [seen.c[name].desc() for name in (*leader.keys, "id")]
    chosen = select(seen.c.id).where(*others(seen.c)).order_by(*order).limit(limit + 1)
    rows = list(db.session.scalars(chosen))
    if len(rows) > limit:
        return KeysetPage(rows[:limit], rows[limit - 1])
    # Of ids alone, which the index has.
    ids_seen = window.with_only_columns(model.id).limit(WINDOW).subquery()
    count, last = db.session.execute(select(func.count(), func.min(ids_seen.c.id))).one()
    return KeysetPage(rows, last, is_short=True) if count == WINDOW else KeysetPage(rows, None)


def span(model: Any, prefix: str, since: datetime | None, until: datetime | None) -> Ids:
    """A span of time as one of row ids, by the unique index of public ids, which begin with the
    time; both grow together. It is wider by a few rows: the exact moments are yet to be looked at.

    Those made within one millisecond are in no order, and an id is given before its row is written,
    so the bounds are rows beyond the span.
    """
    first, last = 0, _LAST
    if since is not None:
        near = select(model.id).where(model.public_id < _id_at(prefix, since - _BEFORE))
        near = near.order_by(model.public_id.desc()).limit(_NEIGHBOURS)
        first = db.session.scalar(select(func.min(near.subquery().c.id))) or first
    if until is not None:
        near = select(model.id).where(model.public_id >= _id_at(prefix, until + _BEHIND))
        near = near.order_by(model.public_id).limit(_NEIGHBOURS)
        last = db.session.scalar(select(func.max(near.subquery().c.id))) or last
    return Ids(first, last)


def row_of(column: Any, value: str) -> int:
    """The id of the row with this value of a unique column; -1, which no row has, if there is none:
    a filter by it then finds nothing."""
    found = select(column.class_.id).where(column == value)
    return db.session.scalar(found) or -1


def _led(model: Any, leader: LeadingIndex, ids: Ids) -> Select[Any]:
    """What a list can be narrowed by, in the order of the leading index, newest first."""
    window = select(model.id, *(getattr(model, name) for name in model.FILTER_COLUMNS))
    if leader.partial is not None:
        window = window.where(leader.partial)
    keys = [(getattr(model, name), value) for name, value in leader.keys.items()]
    if db.session.get_bind().dialect.name == "sqlite" or not keys:
        # Without statistics, which SQLite does not gather by itself, an equation wins; and BETWEEN,
        # unlike two inequalities, does not lead it to an index with fewer equations.
        equal = (column == value for column, value in keys)
        window = window.where(*equal, model.id.between(ids.first, ids.last))
        return window.order_by(model.id.desc())
    # PostgreSQL would rather walk the table where it believes the value to be frequent, for ever if
    # it no longer is. No other index than the leading one has the order of these pairs.
    values = [literal(value, column.type) for column, value in keys]
    pair = tuple_(*(column for column, _ in keys), model.id)
    window = window.where(pair <= tuple_(*values, ids.last), pair >= tuple_(*values, ids.first))
    return window.order_by(*(column.desc() for column, _ in keys), model.id.desc())


def _id_at(prefix: str, moment: datetime) -> str:
    """What public ids made at this moment begin with (ULID: 48 bits of milliseconds)."""
    at = max(moment, datetime.fromtimestamp(0, UTC))
    return f"{prefix}_{str(ULID.from_datetime(at))[:10].lower()}"
