"""The set-up of webhooks over time, which decides whether they get an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant, RowId
from webhooks_ui.models.webhook import Webhook, WebhookEvent


class WebhookState(Model):
    """A webhook's set-up from `since` until the next row; the first is written when it is made."""

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


@dataclass(frozen=True, slots=True)
class DisabledPeriod:
    """A time in which a webhook existed and was disabled, and its set-up then.

    `until` is None while it lasts. An edit in between makes two of them.
    """

    since: datetime
    until: datetime | None
    reason: str | None
    channel_id: int | None
    event_types: Sequence[str]


def disabled_periods(webhook_id: int) -> list[DisabledPeriod]:
    """The periods in which this webhook was disabled, the earliest first, as far as kept."""
    own = select(WebhookState).where(WebhookState.webhook_id == webhook_id)
    states = db.session.scalars(own.order_by(WebhookState.since, WebhookState.id)).all()
    ends = [*(state.since for state in states[1:]), None]
    return [
        DisabledPeriod(one.since, until, one.disabled_reason, one.channel_id, one.event_types)
        for one, until in zip(states, ends, strict=False)
        if not one.enabled and not one.deleted
    ]


def record(webhook_ids: Sequence[int], moment: datetime) -> None:
    """Records the current set-up of these webhooks, within the caller's transaction."""
    types: dict[int, list[str]] = {webhook_id: [] for webhook_id in webhook_ids}
    subscribed = select(WebhookEvent.webhook_id, WebhookEvent.type)
    for webhook_id, kind in db.session.execute(
        subscribed.where(WebhookEvent.webhook_id.in_(types)).order_by(WebhookEvent.type)
    ):
        types[webhook_id].append(kind)
    columns = (Webhook.id, Webhook.enabled, Webhook.disabled_reason, Webhook.channel_id)
    rows = [
        {
            "webhook_id": webhook_id,
            "since": moment,
            "enabled": enabled,
            "disabled_reason": reason,
            "deleted": deleted_at is not None,
            "channel_id": channel_id,
            "event_types": types[webhook_id],
        }
        for webhook_id, enabled, reason, channel_id, deleted_at in db.session.execute(
            select(*columns, Webhook.deleted_at).where(Webhook.id.in_(types))
        )
    ]
    if rows:
        db.session.execute(insert(WebhookState), rows)
