"""The set-up of webhooks over time, which decides whether they get an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    # Paused until then, or the next row.
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    # The channel's row, null for all channels; without a foreign key, since it is about the past.
    channel_id: Mapped[int | None] = mapped_column(RowId)
    event_types: Mapped[list[str]] = mapped_column(JSON)
    filters: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


@dataclass(frozen=True, slots=True)
class IdlePeriod:
    """A time in which a webhook existed and was disabled or paused, and its set-up then.

    `until` is None while it is disabled; of a pause it is the time at which that ends, in the
    future too. `reason` is ``paused``, or why it was disabled. An edit in between makes two.
    """

    since: datetime
    until: datetime | None
    reason: str | None
    channel_id: int | None
    event_types: Sequence[str]


def idle_periods(webhook_id: int) -> list[IdlePeriod]:
    """The periods in which this webhook got nothing, the earliest first, as far as kept."""
    own = select(WebhookState).where(WebhookState.webhook_id == webhook_id)
    states = db.session.scalars(own.order_by(WebhookState.since, WebhookState.id)).all()
    ends = [*(state.since for state in states[1:]), None]
    found = (_idle(one, until) for one, until in zip(states, ends, strict=False))
    return [period for period in found if period]


def _idle(one: WebhookState, until: datetime | None) -> IdlePeriod | None:
    reason, end = one.disabled_reason, until
    if one.enabled and one.paused_until:
        reason, end = "paused", min(one.paused_until, until or one.paused_until)
    elif one.enabled:
        return None
    if one.deleted or (end and end <= one.since):
        return None
    return IdlePeriod(one.since, end, reason, one.channel_id, one.event_types)


def record(webhook_ids: Sequence[int], moment: datetime) -> None:
    """Records the current set-up of these webhooks, within the caller's transaction."""
    types: dict[int, list[str]] = {webhook_id: [] for webhook_id in webhook_ids}
    subscribed = select(WebhookEvent.webhook_id, WebhookEvent.type)
    for webhook_id, kind in db.session.execute(
        subscribed.where(WebhookEvent.webhook_id.in_(types)).order_by(WebhookEvent.type)
    ):
        types[webhook_id].append(kind)
    current = select(
        Webhook.id.label("webhook_id"),
        *(Webhook.enabled, Webhook.disabled_reason, Webhook.paused_until),
        Webhook.deleted_at.is_not(None).label("deleted"),
        *(Webhook.channel_id, Webhook.filters),
    )
    rows = [
        {**row, "since": moment, "event_types": types[row["webhook_id"]]}
        for row in db.session.execute(current.where(Webhook.id.in_(types))).mappings()
    ]
    if rows:
        db.session.execute(insert(WebhookState), rows)
