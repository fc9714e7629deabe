"""The newest events: to try filters on, and to suggest their paths."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import undefer

from webhooks_ui.database.engine import db
from webhooks_ui.models.event import Event

TRIED = 50  # events
READ = 5  # events whose paths are offered
LOOKED_AT = 10_000  # of the newest events, among which they are
MAX_BYTES = 262_144  # of an event's data


def matching(types: Collection[str], channel_id: int | None) -> Sequence[bytes]:
    """The data of the newest events of these types, in this channel or any, `TRIED` at most."""
    chosen = _newest().where(Event.type.in_(types)).limit(TRIED)
    if channel_id is not None:
        chosen = chosen.where(Event.channel_id == channel_id)
    return db.session.scalars(chosen).all()


def whole(types: Collection[str], most: int) -> Sequence[Event]:
    """The newest events of these types with their data, `most` of them."""
    chosen = _newest().where(Event.type.in_(types)).limit(most)
    found = chosen.with_only_columns(Event).options(undefer(Event.data))
    return db.session.scalars(found).all()


def some() -> Sequence[bytes]:
    """The data of a few of the newest events."""
    return db.session.scalars(_newest().limit(READ)).all()


def _newest() -> Select[bytes]:
    newest = select(func.max(Event.id)).scalar_subquery()
    among = (Event.id > newest - LOOKED_AT, ~Event.test, func.length(Event.data) <= MAX_BYTES)
    return select(Event.data).where(*among).order_by(Event.id.desc())
