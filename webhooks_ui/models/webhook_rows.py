"""A webhook as a row of the list: with its channel, its events and its last delivery, read in one
statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Bundle

from webhooks_ui.authorization.base import Text
from webhooks_ui.authorization.kinds import short_label
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.delivery_rows import IS_LAST, LastAttempt, Part
from webhooks_ui.models.keyset import in_order
from webhooks_ui.models.webhook import Webhook, WebhookEvent
from webhooks_ui.models.webhook_display import Displayed


class LastDelivery(NamedTuple):
    """What the list shows of a webhook's last delivery."""

    public_id: str
    status: str
    test: bool
    error: str | None
    lease_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookRow(Displayed):
    """Columns of `Webhook`, with its parts; `channel` is the channel's name."""

    id: int
    public_id: str
    name: str
    url: str
    auth_type: str
    auth_public: dict[str, str]
    tls_verify: bool
    enabled: bool
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    last_succeeded: bool | None
    degraded: bool
    paused_until: datetime | None
    hold_reason: str | None
    held_until: datetime | None
    last_delivery_id: int | None
    channel: str | None
    event_types: tuple[str, ...]
    last_delivery: LastDelivery | None
    last_attempt: LastAttempt | None

    @property
    def auth_label(self) -> Text:
        """The kind of authorization in a word."""
        return short_label(self.auth_type, self.auth_public)


def load(ids: Sequence[int]) -> list[WebhookRow]:
    """These webhooks, in the given order."""
    rows = (
        WebhookRow(
            **row.own._asdict(),
            channel=row.channel,
            event_types=_in_order(row.event_types or ""),
            last_delivery=row.LastDelivery,
            last_attempt=row.LastAttempt,
        )
        for row in db.session.execute(_ROWS, {"ids": ids})
    )
    return in_order(ids, rows)


@lru_cache(maxsize=1024)
def _in_order(types: str) -> tuple[str, ...]:
    """Event types in the catalogue's order, from a list with commas in any order."""
    chosen = set(types.split(","))
    return tuple(identifier for identifier in ALL_TYPES if identifier in chosen)


_PARTS = ("channel", "event_types", "last_delivery", "last_attempt")
_OWN = [field.name for field in fields(WebhookRow) if field.name not in _PARTS]
_TYPES = select(func.aggregate_strings(WebhookEvent.type, ",")).where(
    WebhookEvent.webhook_id == Webhook.id
)
_ROWS = (
    select(
        Bundle("own", *(getattr(Webhook, name) for name in _OWN)),
        Channel.name.label("channel"),
        _TYPES.correlate(Webhook).scalar_subquery().label("event_types"),
        Part(LastDelivery, Delivery),
        Part(LastAttempt, Attempt),
    )
    .outerjoin(Channel, Channel.id == Webhook.channel_id)
    .outerjoin(Delivery, Delivery.id == Webhook.last_delivery_id)
    .outerjoin(Attempt, IS_LAST)
    .where(Webhook.id.in_(bindparam("ids", expanding=True)))
)
