"""Fan-out: the deliveries of new events, inserted by one statement."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, insert, literal, or_, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import EPOCH
from webhooks_ui.models import matching
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.public_ids import DELIVERY, EVENT
from webhooks_ui.models.webhook import Webhook, WebhookEvent


def fan_out(about: Mapping[int, int | None], moment: datetime) -> Counter[int]:
    """Inserts a delivery for each event and subscribed webhook; returns counts by event row id.

    `about` maps event row ids to the webhook that an operational event is about, which does not
    get it. `due_at` is the epoch: due at once, even if the clock is set back.
    """
    columns: dict[str, Any] = {
        "public_id": _delivery_id(),
        "event_id": Event.id,
        "webhook_id": Webhook.id,
        "type": Event.type,
        "channel_id": Event.channel_id,
        "test": literal(False),
        "status": literal("pending"),
        "due_at": literal(EPOCH, Delivery.due_at.type),
        "claims": literal(0),
        "attempts_made": literal(0),
        "created_at": literal(moment, Delivery.created_at.type),
    }
    chosen = (
        select(*columns.values())
        .join(WebhookEvent, WebhookEvent.type == Event.type)
        .join(Webhook, Webhook.id == WebhookEvent.webhook_id)
        .where(
            Event.id.in_(about),
            *(or_(Event.id != row, Webhook.id != own) for row, own in about.items() if own),
            matching.is_recipient(moment),
        )
        .order_by(Event.id, Webhook.id)
    )
    filled = insert(Delivery).from_select([*columns], chosen, include_defaults=False)
    return Counter(db.session.scalars(filled.returning(Delivery.event_id)))


def _delivery_id() -> ColumnElement[str]:
    """A new public id as SQL: the time of the event's ULID and 64 random bits."""
    if db.session.get_bind().dialect.name == "sqlite":
        random: ColumnElement[str] = func.lower(func.hex(func.randomblob(8)))
    else:
        uuid = func.replace(cast(func.gen_random_uuid(), String), "-", "")
        random = func.substr(uuid, 1, 12).op("||")(
            func.substr(uuid, 29, 4)
        )  # without the fixed bits
    return literal(f"{DELIVERY}_") + func.substr(Event.public_id, len(EVENT) + 2, 10) + random
