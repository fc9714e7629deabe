"""A delivery: one event on its way to one webhook, and the attempts made at it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    column,
    func,
    select,
    table,
    text,
    update,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from webhooks_ui.catalogue.payload import NO_TEMPLATE
from webhooks_ui.catalogue.payload_formats import format_of
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId, now, partial_index
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.event import Event
from webhooks_ui.models.public_ids import DELIVERY, Public, new_id
from webhooks_ui.models.webhook import Webhook

# Conditions of partial indexes; a query has to repeat one literally to use its index.
OPEN = "status IN ('pending', 'delivering')"
UNDELIVERED = "status IN ('failed', 'cancelled')"
PENDING = "status = 'pending'"
_ORIGINALS = table("deliveries", column("id", RowId), column("public_id", String)).alias("original")


class Delivery(Public, Model):
    """`status`: ``pending``, ``delivering`` (leased), ``succeeded``, ``failed``, ``cancelled``."""

    FILTER_COLUMNS = (
        *("public_id", "event_id", "webhook_id", "recovery_id", "type", "channel_id"),
        *("test", "status", "error", "attempts_made", "created_at"),
    )
    """The columns that a list can be filtered by."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index(None, "event_id", "webhook_id"),
        Index(None, "type", "id"),
        partial_index("ix_deliveries_due", "webhook_id", "due_at", "id", where=PENDING),
        partial_index("ix_deliveries_leased", "lease_until", where="status = 'delivering'"),
        partial_index("ix_deliveries_open", "id", where=OPEN),
        partial_index("ix_deliveries_lost", "status", "id", where=UNDELIVERED),
        partial_index(
            "ix_deliveries_webhook_lost", "webhook_id", "status", "id", where=UNDELIVERED
        ),
        partial_index(
            "ix_deliveries_channel_id", "channel_id", "id", where="channel_id IS NOT NULL"
        ),
        partial_index("ix_deliveries_error", "error", "id", where="error IS NOT NULL"),
        partial_index("ix_deliveries_test", "id", where="test"),
        partial_index("ix_deliveries_draft_id", "draft_id", where="draft_id IS NOT NULL"),
        partial_index(
            "ix_deliveries_resend_of_id", "resend_of_id", where="resend_of_id IS NOT NULL"
        ),
        partial_index(
            "ix_deliveries_recovery_id",
            "recovery_id",
            "status",
            "id",
            where="recovery_id IS NOT NULL",
        ),
        {"sqlite_autoincrement": True},  # the id of a pruned row is not used again
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(
        String(40), unique=True, default=lambda: new_id(DELIVERY)
    )
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    # The public id that the webhook of an unsaved form will get, for a ping sent from it.
    draft_id: Mapped[str | None] = mapped_column(String(40))
    # Copies of the event's columns, so that a list filtered by them is read from one index.
    type: Mapped[str] = mapped_column(String(60))
    channel_id: Mapped[int | None] = mapped_column(RowId)
    test: Mapped[bool] = mapped_column(default=False)
    # The ``webhook-id`` of the event's first delivery to this webhook; null: this is the first.
    own_message_id: Mapped[str | None] = mapped_column("message_id", String(40))
    # The delivery that this one resends, and the recovery that made it.
    resend_of_id: Mapped[int | None] = mapped_column(RowId)
    recovery_id: Mapped[int | None] = mapped_column(RowId)
    status: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    # Counts the leases, as a fence: an outcome recorded under an older number changes nothing.
    claims: Mapped[int] = mapped_column(default=0)
    attempts_made: Mapped[int] = mapped_column(default=0)
    # Of these, attempts that the receiver put off: they do not count in the retry schedule.
    refusals: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(40))  # the last attempt's
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    lease_holder: Mapped[int | None] = mapped_column(BigInteger)  # see `delivery.queue.holders`
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

    event: Mapped[Event] = relationship()
    webhook: Mapped[Webhook | None] = relationship(foreign_keys=[webhook_id])
    attempts: Mapped[list[Attempt]] = relationship(
        order_by="Attempt.number", lazy="selectin", passive_deletes=True
    )

    # For lists, which do not load all of them.
    last_attempt: Mapped[Attempt | None] = relationship(
        primaryjoin="and_(Delivery.id == foreign(Attempt.delivery_id),"
        " Delivery.attempts_made == Attempt.number)",
        viewonly=True,
    )
    repeats: Mapped[str | None] = column_property(
        select(_ORIGINALS.c.public_id).where(_ORIGINALS.c.id == resend_of_id).scalar_subquery()
    )
    """The public id of the delivery that this one repeats, if it is still known."""

    @property
    def attempt(self) -> Attempt | None:
        """The last attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def interrupted(self) -> bool:
        """Whether its lease ran out without a result: the process died while sending."""
        return (
            self.status == "delivering"
            and self.lease_until is not None
            and self.lease_until < now()
        )

    @property
    def message_id(self) -> str:
        """The value of ``webhook-id``: the same whenever the event is sent again to the webhook."""
        return self.own_message_id or self.public_id

    @property
    def is_due(self) -> bool:
        """Whether the next attempt is due and waits for a worker."""
        return self.due_at is not None and self.due_at <= now()

    @property
    def progress(self) -> str:
        """A version of what pages show: as long as it is the same, they need no update."""
        due = "-due" if self.is_due else ""
        return f"{self.status}-{self.attempts_made}-{self.claims}{due}"

    @property
    def is_open(self) -> bool:
        """Whether another attempt is to come: what was interrupted is sent again, but a test."""
        if self.status == "delivering":
            return not (self.test and self.interrupted)
        return self.status == "pending"

    def resent_as(self) -> list[str]:
        """The public ids of the deliveries that repeat this one, the newest first, 10 at most."""
        own = select(Delivery.public_id).where(Delivery.resend_of_id == self.id)
        return list(db.session.scalars(own.order_by(Delivery.id.desc()).limit(10)))

    @property
    def request_body(self) -> str:
        """The body as the last attempt sent it, as text."""
        return self.body_of(self.attempt)

    def body_of(self, attempt: Attempt | None) -> str:
        """The body as an attempt sent it, as text."""
        if attempt is not None and attempt.request_body is not None:
            return attempt.request_body.decode(errors="replace")
        form = format_of(attempt.payload_format if attempt else "envelope")
        if form.keeps_body:
            return ""  # none was made
        return form.payload(self.event.content, NO_TEMPLATE).body.decode(errors="replace")

    @classmethod
    def last_of(cls, webhooks: Iterable[Webhook]) -> dict[int, Self]:
        """By webhook id, the delivery whose attempt was recorded last, as far as it is kept."""
        ids = {webhook.last_delivery_id: webhook.id for webhook in webhooks}
        found = db.session.scalars(select(cls).where(cls.id.in_(ids)))
        return {ids[delivery.id]: delivery for delivery in found}

    @classmethod
    def first_message_id(cls, event_id: int, webhook_id: int) -> str | None:
        """The ``webhook-id`` under which this webhook got the event first, if it did."""
        own = cls.event_id == event_id, cls.webhook_id == webhook_id, ~cls.test
        found = select(func.coalesce(cls.own_message_id, cls.public_id)).where(*own)
        return db.session.scalar(found.order_by(cls.id).limit(1))

    @classmethod
    def cancel_waiting(cls, webhook_id: int, moment: datetime | None = None) -> None:
        """Cancels what waits for a webhook; within a transaction of the caller."""
        waiting = update(cls).where(cls.webhook_id == webhook_id, text(PENDING))
        values = {"status": "cancelled", "due_at": None, "finished_at": moment or now()}
        db.session.execute(waiting.values(**values))
