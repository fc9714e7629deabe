"""Deliveries as lists show them: with last attempt, webhook and event, read in one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import contains_eager, joinedload, lazyload

from webhooks_ui.database.engine import db
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.keyset import in_order
from webhooks_ui.models.webhook import Webhook

SHOWN_OF_ATTEMPT = (
    *(Attempt.duration_ms, Attempt.status_code, Attempt.reason, Attempt.error),
    *(Attempt.location, Attempt.detail),
)
_SHOWN_OF_WEBHOOK = (
    *(Webhook.public_id, Webhook.name, Webhook.url, Webhook.enabled, Webhook.deleted_at),
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_ROWS = (
    select(Delivery)
    # The ids once more: by them PostgreSQL knows which partitions to plan for.
    .outerjoin(Delivery.last_attempt.and_(Attempt.delivery_id.in_(_IDS)))
    .where(Delivery.id.in_(_IDS))
    .options(
        lazyload(Delivery.attempts),
        contains_eager(Delivery.last_attempt).load_only(*SHOWN_OF_ATTEMPT),
        joinedload(Delivery.webhook).load_only(*_SHOWN_OF_WEBHOOK).lazyload("*"),
        joinedload(Delivery.event).load_only(Event.public_id),
    )
)


def load(ids: Sequence[int]) -> list[Delivery]:
    """These deliveries, in the given order."""
    return in_order(ids, db.session.scalars(_ROWS, {"ids": ids}))


def newest_of(webhook_id: int, limit: int) -> list[Delivery]:
    """The newest deliveries to a webhook, the newest first."""
    own = select(Delivery.id).where(Delivery.webhook_id == webhook_id)
    return load(db.session.scalars(own.order_by(Delivery.id.desc()).limit(limit)).all())
