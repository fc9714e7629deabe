"""Keyset pagination from the newest row back; a page costs the same however long the table is.

One index leads: up to `WINDOW` of its rows are examined for a page, from the newest on, and the
other filters are applied to those. So a page may be short, or empty, although older rows match;
it then tells how far it looked, and the next page continues there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Select, TextClause, func, literal, select, tuple_
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from ulid import ULID

from webhooks_ui.database.engine import db, is_sqlite
from webhooks_ui.database.types import EPOCH

PAGE = 50
WINDOW = 1_000
_NEIGHBOURS = 50  # rows, among which a few may have been made long after their ids
_BEFORE = timedelta(seconds=10)  # an id may be older than its row by a wait for the database
_BEHIND = timedelta(seconds=1)  # between writers that run at the same time
_LAST = 2**62

Row = TypeVar("Row", bound=Any)
Condition: TypeAlias = ColumnElement[bool] | TextClause
"""What SQLAlchemy takes in `where`."""
Columns: TypeAlias = ReadOnlyColumnCollection[str, ColumnElement[Any]]
"""The columns of a table or of a subquery, by their names."""


@dataclass(frozen=True, slots=True)
class LeadingIndex:
    """An index on the columns of `keys`, then `id`; `partial` is the literal condition of a partial
    index."""

    keys: Mapping[str, Any] = field(default_factory=dict)
    partial: TextClause | None = None


@dataclass(frozen=True, slots=True)
class Ids:
    """A range of row ids, both ends included."""

    first: int = 0
    last: int = _LAST

    def between(self, after: int | None, before: int | None) -> "Ids":
        """The part of it after one row and before another."""
        first = self.first if after is None else max(self.first, after + 1)
        return Ids(first, self.last if before is None else min(self.last, before - 1))


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """What a search has left out.

    `is_capped`: matches older than the newest ones, if there are any. `back_to`: whatever came
    before this moment: time ran out. `whole_words`: longer words that begin with those sought.
    """

    is_capped: bool = False
    back_to: datetime | None = None
    whole_words: bool = False


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """The rows' ids, newest first.

    `next` is where the next page begins, None at the end. `is_short`: `WINDOW` rows were examined,
    back to the row `next`, and did not fill the page. `limits` are those of a search.
    """

    ids: Sequence[int]
    next: int | None
    is_short: bool = False
    limits: SearchLimits = SearchLimits()


def newest_page(
    model: Any,
    leader: LeadingIndex,
    others: Callable[[Columns], Sequence[Condition]],
    ids: Ids,
    limit: int = PAGE,
) -> KeysetPage:
    """The newest `limit` rows of `ids`.

    The leader's conditions are answered by its index; `others` returns the other conditions, on the
    columns of the rows that are examined.
    """
    window = _led(model, leader, ids)
    if not others(model.__table__.c):
        rows = list(db.session.scalars(window.with_only_columns(model.id).limit(limit + 1)))
        return KeysetPage(rows[:limit], rows[limit - 1] if len(rows) > limit else None)
    seen = window.limit(WINDOW).subquery()
    # In the window's order, so that the scan stops early where many rows match.
    order = [seen.c[name].desc() for name in (*leader.keys, "id")]
    chosen = select(seen.c.id).where(*others(seen.c)).order_by(*order).limit(limit + 1)
    rows = list(db.session.scalars(chosen))
    if len(rows) > limit:
        return KeysetPage(rows[:limit], rows[limit - 1])
    # Only ids, which the index has.
    ids_seen = window.with_only_columns(model.id).limit(WINDOW).subquery()
    count, last = db.session.execute(select(func.count(), func.min(ids_seen.c.id))).one()
    return KeysetPage(rows, last, is_short=True) if count == WINDOW else KeysetPage(rows, None)


def among(
    model: Any,
    rows: Any,
    conditions: Sequence[Condition],
    ids: Ids,
    limit: int,
    limits: SearchLimits,
) -> KeysetPage:
    """The newest `limit` rows of `ids` and of `rows`, a select of ids that are not many."""
    within = (model.id.in_(rows), model.id.between(ids.first, ids.last), *conditions)
    newest = select(model.id).where(*within).order_by(model.id.desc()).limit(limit + 1)
    found = list(db.session.scalars(newest))
    older = found[limit - 1] if len(found) > limit else None
    return KeysetPage(found[:limit], older, limits=limits)


def nearest(
    model: Any,
    leader: LeadingIndex,
    others: Callable[[Columns], Sequence[Condition]],
    ids: Ids,
    *,
    oldest_first: bool,
) -> int | None:
    """The first matching row of `ids`, from either end; None where none of `WINDOW` rows matches.

    Arguments as for `newest_page`.
    """
    window = _led(model, leader, ids, oldest_first=oldest_first)
    if not others(model.__table__.c):
        return db.session.scalar(window.with_only_columns(model.id).limit(1))
    seen = window.limit(WINDOW).subquery()
    names = [seen.c[name] for name in (*leader.keys, "id")]
    order = [name.asc() if oldest_first else name.desc() for name in names]
    found = select(seen.c.id).where(*others(seen.c)).order_by(*order).limit(1)
    return db.session.scalar(found)


def within(columns: Columns, since: datetime | None, until: datetime | None) -> list[Condition]:
    """The conditions of a span of time, exactly: row ids tell it only roughly."""
    conditions: list[Condition] = []
    if since is not None:
        conditions.append(columns.created_at >= since)
    if until is not None:
        conditions.append(columns.created_at < until)
    return conditions


def span(model: Any, prefix: str, since: datetime | None, until: datetime | None) -> Ids:
    """The range of row ids of a span of time, by the unique index of public ids, which begin with
    the time. It is wider by a few rows: the caller still compares the exact moments.

    Ids made within one millisecond have no order, and an id is made before its row is written, so
    the bounds are rows beyond the span.
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


def in_order(ids: Iterable[int], rows: Iterable[Row]) -> list[Row]:
    """The rows in the order of their ids."""
    by_id = {row.id: row for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def looked_back_to(model: Any, found: KeysetPage) -> datetime | None:
    """When the last row came that a short page examined; None for a page that is not."""
    if not found.is_short:
        return None
    moment: datetime | None = db.session.scalar(
        select(model.created_at).where(model.id == found.next)
    )
    return moment


def newest_row(model: Any) -> int:
    """The id of the newest row, 0 when there is none."""
    return db.session.scalar(select(func.max(model.id))) or 0


def row_of(column: Any, value: str) -> int:
    """The id of the row with this value in a unique column; -1, which matches no row, if there is
    none."""
    found = select(column.class_.id).where(column == value)
    return db.session.scalar(found) or -1


def _led(model: Any, leader: LeadingIndex, ids: Ids, *, oldest_first: bool = False) -> Select[Any]:
    """The filter columns in the order of the leading index, newest first unless said otherwise."""

    def ordered(column: Any) -> Any:
        return column.asc() if oldest_first else column.desc()

    window = select(model.id, *(getattr(model, name) for name in model.FILTER_COLUMNS))
    if leader.partial is not None:
        window = window.where(leader.partial)
    keys = [(getattr(model, name), value) for name, value in leader.keys.items()]
    if is_sqlite() or not keys:
        # Without statistics, which SQLite does not gather by itself, it prefers equalities; and
        # BETWEEN, unlike two inequalities, does not make it choose an index with fewer of them.
        equal = (column == value for column, value in keys)
        window = window.where(*equal, model.id.between(ids.first, ids.last))
        return window.order_by(ordered(model.id))
    # PostgreSQL would scan the table where it believes the value to be frequent, all of it if it no
    # longer is. Only the leading index has the order of these pairs.
    values = [literal(value, column.type) for column, value in keys]
    pair = tuple_(*(column for column, _ in keys), model.id)
    window = window.where(pair <= tuple_(*values, ids.last), pair >= tuple_(*values, ids.first))
    return window.order_by(*(ordered(column) for column, _ in keys), ordered(model.id))


def _id_at(prefix: str, moment: datetime) -> str:
    """What public ids made at this moment begin with (ULID: 48 bits of milliseconds)."""
    at = max(moment, EPOCH)
    return f"{prefix}_{str(ULID.from_datetime(at))[:10].lower()}"
