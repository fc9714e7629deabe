"""How a webhook was set up at a time: what decides whether it gets an event."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database import Instant, Model, RowId


class WebhookState(Model):
    """A webhook from `since` on, until the next one; the first is its making."""

    __tablename__ = "webhook_states"
    __table_args__ = (Index(None, "webhook_id", "since", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    since: Mapped[datetime] = mapped_column(Instant)
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(String(20))
    deleted: Mapped[bool]
    # The channel's row, null for all channels; without a foreign key, since it is about the past.
    channel_id: Mapped[int | None] = mapped_column(RowId)
    event_types: Mapped[list[str]] = mapped_column(JSON)
