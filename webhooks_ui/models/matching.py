"""The rule by which a webhook gets an event, in SQL and in Python.

A webhook gets an event when it exists, is not deleted, is enabled and not paused, subscribes to the
event's type, and listens to all channels or to the event's own; if the data meet its filters; and
the event is not about itself. Of these, filters are evaluated in Python alone.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, true

from webhooks_ui.models.event import Event
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_history import WebhookState

Reason = Literal[
    "not_yet",
    "deleted",
    "disabled",
    "paused",
    "not_subscribed",
    "other_channel",
    "filtered",
    "itself",
]


def is_recipient(
    channel_id: ColumnElement[int | None], moment: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Whether a webhook gets an event of a type that it subscribes to, by its channel and time."""
    hears = Webhook.channel_id.is_(None) | (Webhook.channel_id == channel_id)
    return Webhook.is_active & Webhook.goes_on(moment) & hears


def is_meant_for(event_types: Collection[str], channel_id: int | None) -> ColumnElement[bool]:
    """Whether an event is for a webhook with this subscription, enabled or not."""
    hears = true() if channel_id is None else Event.channel_id == channel_id
    return Event.type.in_(event_types) & hears


def reasons(
    event_type: str, channel_id: int | None, setup: WebhookState | None, moment: datetime
) -> tuple[Reason, ...]:
    """Every reason why the webhook did not get the event of this moment, but for its filters.

    Without a set-up it did not exist.
    """
    if setup is None:
        return ("not_yet",)
    found: list[Reason] = []
    if setup.deleted:
        found.append("deleted")
    if not setup.enabled:
        found.append("disabled")
    elif setup.paused_until is not None and setup.paused_until > moment:
        found.append("paused")
    if event_type not in setup.event_types:
        found.append("not_subscribed")
    if setup.channel_id is not None and setup.channel_id != channel_id:
        found.append("other_channel")
    return tuple(found)
