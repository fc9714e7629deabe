"""The list of events: filters and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from sqlalchemy import bindparam, select, text, union

from webhooks_ui.database.engine import db
from webhooks_ui.models import word_search
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.delivery_list import event_of_sender
from webhooks_ui.models.event import UNMATCHED, Event
from webhooks_ui.models.keyset import Ids, KeysetPage, LeadingIndex, among, in_order, row_of
from webhooks_ui.models.log_filter import LogFilter
from webhooks_ui.models.public_ids import DELIVERY, EVENT, is_id


@dataclass(frozen=True, slots=True)
class EventFilter(LogFilter):
    """The filters of the list. `unmatched`: events that no webhook got.

    `words` are looked for in what was sent and answered, and as the event's id of its sender.
    """

    MODEL: ClassVar = Event
    PREFIX: ClassVar = EVENT
    LEADERS: ClassVar = ("public_id", "channel_id", "type")

    type: str | None = None
    channel: str | None = None
    unmatched: bool = False
    test: bool | None = None
    event: str | None = None
    words: str | None = None

    def searched(self, words: str, *, in_payloads: bool) -> Self | None:
        """The filter with the event of this id, ours, a delivery's or its sender's; with
        `in_payloads` also with words of what was sent and answered. None if there is no event."""
        is_ours = is_id(words, EVENT) or is_id(words, DELIVERY)
        if in_payloads and not is_ours:
            return replace(self, words=words)
        event = _event_meant(words)
        return replace(self, event=event) if event else None

    def _search(self, ids: Ids, limit: int) -> KeysetPage | None:
        if self.words is None:
            return None
        found, own = word_search.find(self.words, ids.last), event_of_sender(self.words)
        rows = union(
            select(Event.id).where(Event.id.in_(found.events)),
            select(Delivery.event_id).where(Delivery.id.in_(found.deliveries)),
            select(Event.id).where(Event.public_id == own),
        )
        conditions = self.conditions()
        if self.unmatched:
            conditions.append(text(UNMATCHED))
        return among(Event, rows, conditions, ids, limit, found.limits)

    def _columns(self) -> dict[str, Any]:
        return {
            "public_id": self.event,
            "channel_id": self.channel and row_of(Channel.key, self.channel),
            "type": self.type,
            "test": self.test,
        }

    def _leader(self, values: Mapping[str, Any]) -> tuple[LeadingIndex, set[str]]:
        if self.unmatched:
            return LeadingIndex(partial=text(UNMATCHED)), set()
        return LogFilter._leader(self, values)


def _event_meant(words: str) -> str | None:
    if is_id(words, EVENT):
        return words
    if is_id(words, DELIVERY):
        own = select(Event.public_id).join(Delivery, Delivery.event_id == Event.id)
        return db.session.scalar(own.where(Delivery.public_id == words))
    return event_of_sender(words)


_EVENTS = select(Event).where(Event.id.in_(bindparam("ids", expanding=True)))


def load(ids: Sequence[int]) -> list[Event]:
    """These events, without their data, in the given order."""
    return in_order(ids, db.session.scalars(_EVENTS, {"ids": ids}))
