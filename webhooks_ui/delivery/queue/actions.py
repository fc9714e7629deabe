"""What people do to deliveries: resend, retry now, cancel, deliver to a further webhook."""

from typing import Literal

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webhooks_ui import audit
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.delivery.queue import wakeup, webhook_state
from webhooks_ui.models import Delivery, Event, Webhook, form_keys

# Why nothing is sent: a ping is never resent, or the webhook is deleted, disabled or paused.
NotSendable = Literal["test", "deleted", "disabled", "paused"]
NOT_SENDABLE: dict[NotSendable, LazyString] = {
    "test": _l("A test is not sent again. Send another one from its webhook."),
    "deleted": _l("The webhook was deleted, so there is nowhere to send this."),
    "disabled": _l("The webhook is disabled. Enable it first, then send this again."),
    "paused": _l("The webhook is paused. Resume it first, then send this again."),
}


def resend(delivery: Delivery, form_key: str | None = None) -> Delivery | NotSendable:
    """A new delivery of the same event to the same webhook as it is now, due at once."""
    if delivery.test or delivery.webhook_id is None:
        return "test"
    return _make(form_key, delivery.event_id, delivery.webhook_id, delivery.id)


def deliver(event: Event, webhook: Webhook, form_key: str) -> Delivery | NotSendable:
    """A delivery of an event to a webhook that did not get it, whatever it subscribes to."""
    return "test" if event.test else _make(form_key, event.id, webhook.id)


def retry_now(delivery: Delivery) -> bool:
    """Makes the next attempt due at once; False unless the delivery is pending."""
    changed = _change("retried", delivery, due_at=EPOCH)
    if changed and delivery.webhook_id:
        with transaction():
            webhook_state.probe_now(delivery.webhook_id)
        wakeup.wake_workers()
    return changed


def cancel(delivery: Delivery) -> bool:
    """Cancels a delivery; False unless it is pending."""
    return _change("cancelled", delivery, status="cancelled", due_at=None, finished_at=now())


def _change(verb: str, delivery: Delivery, **values: object) -> bool:
    row, public_id = delivery.id, delivery.public_id
    with transaction():
        waiting = update(Delivery).where(Delivery.id == row, Delivery.status == "pending")
        is_changed = db.session.scalar(waiting.values(**values).returning(Delivery.id)) is not None
        if is_changed:
            audit.record(f"delivery.{verb}", "delivery", public_id)
    return is_changed


def _make(
    form_key: str | None, event_id: int, webhook_id: int, resend_of_id: int | None = None
) -> Delivery | NotSendable:
    """Makes a delivery; `form_key` makes that idempotent."""
    try:
        with transaction():
            if earlier := _made_before(form_key):
                return earlier
            made = _insert(event_id, webhook_id, resend_of_id)
            if not isinstance(made, Delivery):
                return made
            if form_key:
                form_keys.remember(form_key, made.public_id)
            _record(made)
    except IntegrityError:
        if earlier := _made_before(form_key):
            return earlier
        raise
    wakeup.wake_workers()
    return made


def _record(made: Delivery) -> None:
    event, webhook = made.event, made.webhook
    about = {"event": event.public_id, "webhook": webhook.public_id if webhook else None}
    audit.record("delivery.created", "delivery", made.public_id, made.type, details=about)


def _made_before(form_key: str | None) -> Delivery | None:
    known = form_keys.made_by(form_key) if form_key else None
    return Delivery.by_public_id(known) if known else None


def _insert(event_id: int, webhook_id: int, resend_of_id: int | None) -> Delivery | NotSendable:
    columns = (Webhook.enabled, Webhook.deleted_at, Webhook.goes_on(now()).label("goes_on"))
    chosen = select(*columns).where(Webhook.id == webhook_id)
    # Locked on PostgreSQL, so that a concurrent disabling cancels this delivery too.
    webhook = db.session.execute(chosen.with_for_update()).one_or_none()
    if webhook is None or webhook.deleted_at:
        return "deleted"
    if not webhook.enabled:
        return "disabled"
    if not webhook.goes_on:
        return "paused"
    event = db.session.get_one(Event, event_id)
    delivery = Delivery(
        event_id=event.id,
        webhook_id=webhook_id,
        type=event.type,
        channel_id=event.channel_id,
        resend_of_id=resend_of_id,
        own_message_id=Delivery.first_message_id(event.id, webhook_id),
        status="pending",
        due_at=EPOCH,
    )
    db.session.add(delivery)
    if resend_of_id is None:
        event.deliveries_count = Event.deliveries_count + 1
    webhook_state.probe_now(webhook_id)
    db.session.flush()
    return delivery
