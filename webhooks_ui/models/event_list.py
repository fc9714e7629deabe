"""The list of events: filters and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text

from webhooks_ui.database.engine import db
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.event import UNMATCHED, Event
from webhooks_ui.models.keyset import PAGE, Condition, KeysetPage, LeadingIndex, row_of, span, walk
from webhooks_ui.models.public_ids import EVENT


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The filters of the list; None does not filter. `unmatched`: events that no webhook got."""

    type: str | None = None
    channel: str | None = None
    unmatched: bool = False
    test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None

    def find(
        self, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> KeysetPage:
        """A page of row ids, newest first: those below the row `before` and above `after`."""
        values = self._values()
        ids = span(Event, EVENT, self.since, self.until).between(after, before)
        leader = LeadingIndex()
        if self.unmatched:
            leader = LeadingIndex(partial=text(UNMATCHED))
        elif name := next((n for n in ("public_id", "channel_id", "type") if n in values), None):
            leader = LeadingIndex({name: values.pop(name)})

        def others(columns: Any) -> list[Condition]:
            conditions = [columns[name] == value for name, value in values.items()]
            if self.since is not None:
                conditions.append(columns.created_at >= self.since)
            if self.until is not None:
                conditions.append(columns.created_at < self.until)
            return conditions

        return walk(Event, leader, others, ids, limit)

    def newer_than(self, row: int, most: int) -> int:
        """How many matching events are newer than a row, `most` at most."""
        return len(self.find(after=row, limit=most).ids)

    def _values(self) -> dict[str, Any]:
        wanted: dict[str, Any] = {"public_id": self.event, "type": self.type, "test": self.test}
        if self.channel is not None:
            wanted["channel_id"] = row_of(Channel.key, self.channel)
        return {name: value for name, value in wanted.items() if value is not None}


def newest() -> int:
    """The row of the newest event, 0 when there is none."""
    return db.session.scalar(select(func.max(Event.id))) or 0


_EVENTS = select(Event).where(Event.id.in_(bindparam("ids", expanding=True)))


def load(ids: Sequence[int]) -> list[Event]:
    """These events, without their data, in the given order."""
    by_id = {event.id: event for event in db.session.scalars(_EVENTS, {"ids": ids})}
    return [by_id[row] for row in ids if row in by_id]
