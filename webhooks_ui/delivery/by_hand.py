"""Sending an event once more to a webhook that it was meant for."""

from typing import Literal

from sqlalchemy import select

from webhooks_ui.database import EPOCH, db, transaction
from webhooks_ui.delivery import wake
from webhooks_ui.models import Delivery, Webhook

# Why a delivery is not made again: a test has its own button, the rest has nobody to go to.
Unfit = Literal["test", "deleted", "disabled"]


def resend(delivery: Delivery) -> Delivery | Unfit:
    """A new delivery of the same event to the same webhook as it is now, due at once."""
    webhook_id = delivery.webhook_id
    if delivery.test or webhook_id is None:
        return "test"
    again = Delivery(
        event_id=delivery.event_id,
        webhook_id=webhook_id,
        type=delivery.type,
        channel_id=delivery.channel_id,
        resend_of_id=delivery.id,
        status="pending",
        due_at=EPOCH,
    )
    with transaction():
        chosen = select(Webhook.enabled, Webhook.deleted_at).where(Webhook.id == webhook_id)
        # Locked on PostgreSQL, so that who disables it meanwhile cancels this one too.
        webhook = db.session.execute(chosen.with_for_update()).one_or_none()
        if webhook is None or webhook.deleted_at:
            return "deleted"
        if not webhook.enabled:
            return "disabled"
        db.session.add(again)
    wake.workers()
    return again
