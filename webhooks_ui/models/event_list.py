"""The list of events: filters and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, union

from webhooks_ui.database.engine import db
from webhooks_ui.models import word_search
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.delivery_list import event_of_sender
from webhooks_ui.models.event import UNMATCHED, Event
from webhooks_ui.models.keyset import (
    PAGE,
    Condition,
    Ids,
    KeysetPage,
    LeadingIndex,
    among,
    in_order,
    row_of,
    span,
    walk,
    within,
)
from webhooks_ui.models.public_ids import EVENT


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The filters of the list; None does not filter. `unmatched`: events that no webhook got.

    `words` are looked for in what was sent and answered, and as the event's id of its sender.
    """

    type: str | None = None
    channel: str | None = None
    unmatched: bool = False
    test: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None
    words: str | None = None

    def find(
        self, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> KeysetPage:
        """A page of row ids, newest first: those below the row `before` and above `after`."""
        values = self._values()
        ids = span(Event, EVENT, self.since, self.until).between(after, before)
        if self.words is not None:
            return self._find_words(ids, limit)
        leader = LeadingIndex()
        if self.unmatched:
            leader = LeadingIndex(partial=text(UNMATCHED))
        elif name := next((n for n in ("public_id", "channel_id", "type") if n in values), None):
            leader = LeadingIndex({name: values.pop(name)})

        def others(columns: Any) -> list[Condition]:
            equal = [columns[name] == value for name, value in values.items()]
            return [*equal, *within(columns, self.since, self.until)]

        return walk(Event, leader, others, ids, limit)

    def _find_words(self, ids: Ids, limit: int) -> KeysetPage:
        columns: Any = Event.__table__.c
        found = word_search.find(self.words or "", ids.last)
        own = event_of_sender(self.words or "")
        rows = union(
            select(Event.id).where(Event.id.in_(found.events)),
            select(Delivery.event_id).where(Delivery.id.in_(found.deliveries)),
            select(Event.id).where(Event.public_id == own),
        )
        conditions = [columns[name] == value for name, value in self._values().items()]
        if self.unmatched:
            conditions.append(text(UNMATCHED))
        conditions += within(columns, self.since, self.until)
        return among(Event, rows, conditions, ids, limit, found.limits)

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
    return in_order(ids, db.session.scalars(_EVENTS, {"ids": ids}))
