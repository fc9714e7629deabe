"""An event: something that happened in a conversation, as it was taken in."""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import Instant, RowId, now, partial_index
from webhooks_ui.models.public_ids import EVENT, Public, new_id
from webhooks_ui.text import filters, pretty_json


class IdempotencyKey(Model):
    """A sender's key for an event: the same key again is the same event, or a conflict.

    `key` is ``id:`` and the event's id by its sender, or ``key:`` and the Idempotency-Key header.
    It keeps the answer that was given, and outlives its event where `RETENTION` is short. For
    ``form:`` and the key of a form, which a double click sends twice, see `models.form_keys`.
    """

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    event_public_id: Mapped[str] = mapped_column(String(40))
    deliveries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)


_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class EventContent:
    """What receivers get of an event: what payload formats make a body from."""

    public_id: str
    type: str
    channel: dict[str, Any] | None
    occurred_at: datetime
    data: bytes
    traceparent: str | None = None

    @property
    def head(self) -> dict[str, Any]:
        """All but the data, as receivers get it."""
        moment = self.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return {
            "id": self.public_id,
            "type": self.type,
            "timestamp": moment.replace("+00:00", "Z"),
            "channel": self.channel,
        }

    @cached_property
    def envelope(self) -> bytes:
        """The head with the data inside, made once for all receivers."""
        opening = _encode(self.head).removesuffix("}")
        return opening.encode() + b', "data": ' + self.data + b"}"


CONTENT = tuple(field.name for field in fields(EventContent))
"""The columns of an event that its content is made of."""
UNMATCHED = "deliveries_count = 0 AND NOT test"


class Event(Public, Model):
    """An event with its data byte for byte, so that numbers are passed on as they came."""

    FILTER_COLUMNS = ("public_id", "type", "channel_id", "test", "deliveries_count", "created_at")
    """What a list can be narrowed by."""

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "type", "id"),
        Index(None, "channel_id", "id"),
        partial_index("ix_events_unmatched", "id", where=UNMATCHED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(EVENT))
    type: Mapped[str] = mapped_column(String(60))
    # No foreign key: the event keeps its channel when that is deleted.
    channel_id: Mapped[int | None] = mapped_column(RowId)
    channel: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    test: Mapped[bool] = mapped_column(default=False)
    sender_id: Mapped[str | None] = mapped_column(String(255))
    # Of the request that it came by, for those of its deliveries.
    traceparent: Mapped[str | None] = mapped_column(String(55))
    deliveries_count: Mapped[int] = mapped_column(default=0)
    occurred_at: Mapped[datetime] = mapped_column(Instant, default=now)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)

    @property
    def pretty_data(self) -> str:
        """The data, indented; numbers and strings are as they came."""
        return pretty_json.pretty(self.data)

    @cached_property
    def parsed_data(self) -> Any:
        """The data as filters see them."""
        return filters.parsed(self.data)

    @property
    def content(self) -> EventContent:
        """What receivers get of it."""
        return EventContent(*(getattr(self, name) for name in CONTENT))


class FanOut(Model):
    """The making of deliveries in parts, of an event for very many webhooks.

    Stored with its event, gone with the last part: what a crash interrupts is finished later.

    Deliveries are made in the order of the webhooks' rows, up to the row `made_to` so far.
    `left_out` are the rows of webhooks that do not get the event (`intake.filtering`).
    """

    __tablename__ = "fan_outs"

    event_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    made_to: Mapped[int] = mapped_column(BigInteger, default=0)
    left_out: Mapped[list[int]] = mapped_column(JSON)
