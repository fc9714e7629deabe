"""A long table walked from its newest row back, a page at a time, at the same cost however long.

One index leads: its rows are looked at from the newest on, `WINDOW` at most for one page, and what
else narrows the list is applied to them. A page may so be short, or empty, although there is more
further back; it then says how far it looked, and the next page goes on from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from ulid import ULID

from webhooks_ui.database import db

PAGE = 50
WINDOW = 2_000
_NEIGHBOURS = 50  # rows by id in time of which a few may have been made long after their ids

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows' ids, newest first.

    `next` is where the page after goes on, None at the end. With `is_short` it looked at all that
    one page may look at, back to the row `next`, and did not fill the page.
    """

    ids: Sequence[int]
    next: int | None
    is_short: bool = False


def walk(
    model: Any,
    leading: Sequence[Condition],
    others: Callable[[Any], Sequence[Condition]],
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> Found:
    """The newest `limit` rows with an id below `before`.

    `leading` conditions are answered by one index ordered by id; `others` gives the rest for the
    columns of the rows that were looked at.
    """
    window = select(*_columns(model)).where(*leading).order_by(model.id.desc())
    if before is not None:
        window = window.where(model.id < before)
    rest = others(window.subquery().c)
    if not rest:
        ids = list(db.session.scalars(window.with_only_columns(model.id).limit(limit + 1)))
        return Found(ids[:limit], ids[limit - 1] if len(ids) > limit else None)
    seen = window.limit(WINDOW).subquery()
    chosen = select(seen.c.id).where(*others(seen.c)).order_by(seen.c.id.desc()).limit(limit + 1)
    ids = list(db.session.scalars(chosen))
    if len(ids) > limit:
        return Found(ids[:limit], ids[limit - 1])
    count, last = db.session.execute(select(func.count(), func.min(seen.c.id))).one()
    return Found(ids, last, is_short=True) if count == WINDOW else Found(ids, None)


def span(
    model: Any, prefix: str, since: datetime | None, until: datetime | None
) -> list[Condition]:
    """A span of time as one of row ids, by the unique index of public ids, which begin with the
    time; both grow together. The exact moments are yet to be looked at."""
    conditions: list[Condition] = []
    if since is not None:
        near = select(model.id).where(model.public_id >= _id_at(prefix, since))
        near = near.order_by(model.public_id).limit(_NEIGHBOURS)
        first = db.session.scalar(select(func.min(near.subquery().c.id)))
        conditions.append(model.id >= (2**62 if first is None else first))
    if until is not None:
        near = select(model.id).where(model.public_id < _id_at(prefix, until))
        near = near.order_by(model.public_id.desc()).limit(_NEIGHBOURS)
        last = db.session.scalar(select(func.max(near.subquery().c.id)))
        conditions.append(model.id <= (0 if last is None else last))
    return conditions


def _id_at(prefix: str, moment: datetime) -> str:
    """What public ids made at this moment begin with (ULID: 48 bits of milliseconds)."""
    at = max(moment, datetime.fromtimestamp(0, UTC))
    return f"{prefix}_{str(ULID.from_datetime(at))[:10].lower()}"


def _columns(model: Any) -> list[Any]:
    return [model.id, *(getattr(model, name) for name in model.NARROWS)]
