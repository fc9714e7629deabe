"""The list of deliveries: filters and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from sqlalchemy import exists, func, select, text, union

from webhooks_ui.database.engine import db
from webhooks_ui.models import word_search
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import OPEN, UNDELIVERED, Delivery
from webhooks_ui.models.event import Event, IdempotencyKey
from webhooks_ui.models.keyset import (
    Columns,
    Condition,
    Ids,
    KeysetPage,
    LeadingIndex,
    among,
    nearest,
    row_of,
    span,
)
from webhooks_ui.models.log_filter import LogFilter
from webhooks_ui.models.public_ids import CHANNEL, DELIVERY, EVENT, RECOVERY, WEBHOOK, is_id
from webhooks_ui.models.recovery import Recovery
from webhooks_ui.models.webhook import Webhook

_UNDELIVERED = ("failed", "cancelled")
_LEADERS = (
    *(("public_id",), ("event_id",), ("recovery_id",), ("webhook_id", "status"), ("error",)),
    *(("status",), ("webhook_id",), ("channel_id",), ("test",), ("type",)),
)
"""Columns of the indexes that lists are read from, those that leave the fewest rows first."""
_PARTIAL = {"status": UNDELIVERED} | {
    name: f"{name} IS NOT NULL" for name in ("error", "channel_id", "recovery_id")
}
"""The conditions that these indexes are limited to."""
_NAMED_BY = {
    DELIVERY: "delivery",
    WEBHOOK: "webhook",
    EVENT: "event",
    RECOVERY: "recovery",
    CHANNEL: "channel",
}
"""What of a filter the ids narrow, by how they begin."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter(LogFilter):
    """The filters of the list. `error` is a code of the contract.

    `code` is a status code or a class of them: ``503``, ``5xx``; an answer that broke off has its
    error instead.
    Webhooks, events and recoveries go by their public ids, channels by their keys. `words` are
    looked for in what was sent and answered, and as the event's id of its sender.
    """

    MODEL: ClassVar = Delivery
    PREFIX: ClassVar = DELIVERY

    status: str | None = None
    webhook: str | None = None
    event: str | None = None
    type: str | None = None
    channel: str | None = None
    error: str | None = None
    test: bool | None = None
    delivery: str | None = None
    recovery: str | None = None
    code: str | None = None
    words: str | None = None

    def searched(self, words: str, *, in_payloads: bool) -> Self | None:
        """The filter with what an id names, ours or the sender's; with `in_payloads` also with
        words of what was sent and answered. None if nothing has that id, or if it contradicts."""
        prefix = next((prefix for prefix in _NAMED_BY if is_id(words, prefix)), None)
        if in_payloads and prefix is None:
            return replace(self, words=words)
        name = _NAMED_BY[prefix or EVENT]
        value = words if prefix else event_of_sender(words)
        if prefix == CHANNEL:
            value = db.session.scalar(select(Channel.key).where(Channel.public_id == words))
        if value is None or getattr(self, name) not in (None, value):
            return None
        changes: dict[str, Any] = {name: value}
        return replace(self, **changes)

    def _search(self, ids: Ids, limit: int) -> KeysetPage | None:
        if self.words is None:
            return None
        found, rows, conditions = self._worded(self.words)
        return among(Delivery, rows, conditions, ids, limit, found.limits)

    def _worded(self, words: str) -> tuple[word_search.Matches, Any, list[Condition]]:
        """What has the words, a select of its deliveries, and the other conditions."""
        last = span(Event, EVENT, None, self.until).last if self.until else None
        found, own = word_search.find(words, last), event_of_sender(words)
        of_sender = select(Event.id).where(Event.public_id == own)
        rows = union(
            select(Delivery.id).where(Delivery.event_id.in_(found.events)),
            select(Delivery.id).where(Delivery.event_id.in_(of_sender)),
            select(Delivery.id).where(Delivery.id.in_(found.deliveries)),
        )
        return found, rows, self.conditions()

    def neighbours(self, row: int) -> tuple[str | None, str | None]:
        """The public ids of the next newer and the next older matching delivery.

        None where there is none, or none among the nearest `keyset.WINDOW` rows of the index.
        """
        if self.words is not None:
            _, rows, own = self._worded(self.words)
            mine = (Delivery.id.in_(rows), *own)
            newer = db.session.scalar(select(func.min(Delivery.id)).where(*mine, Delivery.id > row))
            older = db.session.scalar(select(func.max(Delivery.id)).where(*mine, Delivery.id < row))
        else:
            (leader, others), ids = self._plan(), self.rows()
            newer = nearest(Delivery, leader, others, ids.between(row, None), oldest_first=True)
            older = nearest(Delivery, leader, others, ids.between(None, row), oldest_first=False)
        both = select(Delivery.id, Delivery.public_id).where(Delivery.id.in_((newer, older)))
        names: dict[int | None, str] = {one.id: one.public_id for one in db.session.execute(both)}
        return names.get(newer), names.get(older)

    def _columns(self) -> dict[str, Any]:
        return {
            "public_id": self.delivery,
            "event_id": self.event and row_of(Event.public_id, self.event),
            "recovery_id": self.recovery and row_of(Recovery.public_id, self.recovery),
            "webhook_id": self.webhook and row_of(Webhook.public_id, self.webhook),
            "channel_id": self.channel and row_of(Channel.key, self.channel),
            "error": self.error or _error_of(self.code),
            "status": self.status,
            "test": self.test,
            "type": self.type,
        }

    def _unindexed(self, columns: Columns) -> list[Condition]:
        return [] if self.code is None else [_answered(columns, self.code)]

    def _leader(self, values: Mapping[str, Any]) -> tuple[LeadingIndex, set[str]]:
        status = values.get("status")
        can_lead = {"status": status in _UNDELIVERED, "test": values.get("test", False)}
        for names in _LEADERS:
            if all(name in values and can_lead.get(name, True) for name in names):
                if names == ("test",):
                    return LeadingIndex(partial=text("test")), {"test"}
                # Literal: a parameter does not imply a partial index's condition to the planner.
                partial = _PARTIAL.get(names[-1])
                keys = {name: values[name] for name in names}
                return LeadingIndex(keys, text(partial) if partial else None), set(names)
            if names == ("webhook_id",) and status in ("pending", "delivering"):
                return LeadingIndex(partial=text(OPEN)), set()
        return LeadingIndex(), set()


def _codes(code: str) -> tuple[int, int]:
    """The first and the last status code of ``503`` or ``5xx``."""
    return int(code.replace("x", "0")), int(code.replace("x", "9"))


def _error_of(code: str | None) -> str | None:
    """The failure that an answer with this code is, whose index then leads."""
    return "http_status" if code is not None and _codes(code)[0] >= 400 else None


def _answered(columns: Columns, code: str) -> Condition:
    """Whether the last attempt got this code. One look-up in an index for each row examined."""
    is_last = Attempt.delivery_id == columns.id, Attempt.number == columns.attempts_made
    return exists().where(*is_last, Attempt.status_code.between(*_codes(code)))


def event_of_sender(sender_id: str) -> str | None:
    """The public id of the event with this id or idempotency key of its sender."""
    is_its = IdempotencyKey.event_public_id == Event.public_id
    known = select(Event.public_id).join(IdempotencyKey, is_its)
    keys = (f"id:{sender_id}", f"key:{sender_id}")
    # The id comes first where both are known, of two events.
    found = known.where(IdempotencyKey.key.in_(keys)).order_by(IdempotencyKey.key)
    return db.session.scalar(found.limit(1))
