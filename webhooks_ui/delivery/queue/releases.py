"""Claims that end without an outcome: their deliveries are due again, by whoever claims them.

Webhooks are locked before deliveries, as a turn does, and both in the order of their ids or without
waiting: so none of them waits for another one that waits for it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.delivery.queue import webhook_state
from webhooks_ui.delivery.queue.claims import Claim
from webhooks_ui.models import Delivery, Webhook

MAX_SKEW = timedelta(hours=1)  # a lease that ends later than this was given by a wrong clock


def held(row: Any, claims: Any) -> tuple[ColumnElement[bool], ...]:
    """The condition that a claim, of this row and number, still holds; also for parameters."""
    is_leased = Delivery.status == literal_column("'delivering'")
    return Delivery.id == row, Delivery.claims == claims, is_leased


def release(claims: Sequence[Claim], moment: datetime) -> None:
    """Makes claimed deliveries due again; cancels those whose webhook is disabled or deleted.

    A claim that does not hold any more changes nothing.
    """
    if not claims:
        return
    with transaction():
        webhook_state.end_probes({claim.webhook_id for claim in claims}, moment)
        for claim in sorted(claims, key=lambda claim: claim.id):
            own = update(Delivery).where(*held(claim.id, claim.claims))
            db.session.execute(own.values(status="pending", due_at=moment, lease_until=None))
        webhook_state.cancel_disabled({claim.webhook_id for claim in claims})


def release_expired(moment: datetime) -> int:
    """Makes due again deliveries whose lease ran out; returns how many there were.

    Cancels those whose webhook was disabled or deleted meanwhile.
    """
    gone = (Delivery.lease_until < moment) | (Delivery.lease_until > moment + MAX_SKEW)
    with transaction():
        leased = Delivery.status == "delivering", Delivery.test.is_(False), gone
        return _make_due(_free(*leased), moment)


def holders_of_leases(connection: Connection) -> set[int]:
    """Who holds leases, as far as leases name a holder."""
    leased = Delivery.status == "delivering", Delivery.lease_holder.is_not(None)
    return {*connection.scalars(select(Delivery.lease_holder).where(*leased).distinct())}


def release_held_by(dead: Collection[int], moment: datetime) -> int:
    """Makes due again what these holders had under way; returns how many there were.

    Cancels those whose webhook was disabled or deleted meanwhile.
    """
    leased = Delivery.status == "delivering", Delivery.lease_holder.in_(dead)
    with transaction():
        theirs = db.session.scalars(select(Delivery.webhook_id).where(*leased).distinct()).all()
        webhook_state.end_probes({row for row in theirs if row}, moment)
        in_order = select(Delivery.id).where(*leased).order_by(Delivery.id).with_for_update()
        return _make_due(Delivery.id.in_(in_order), moment)


def pull_back(moment: datetime, longest: timedelta, lease: timedelta) -> int:
    """Corrects times that a clock which was ahead has set; returns how many deliveries it moved.

    No retry is due later than `longest` from now, and no webhook is held for longer than its
    reason can ask for.
    """
    late = Delivery.status == "pending", Delivery.due_at > moment + longest
    own = select(Delivery.id).where(Delivery.webhook_id == Webhook.id, *late).correlate(Webhook)
    with transaction():
        webhook_state.pull_back(moment, longest, lease)
        found = db.session.scalars(select(Webhook.id).where(own.exists())).all()
        if not found:
            return 0
        moved = update(Delivery).where(Delivery.webhook_id.in_(found), *late)
        return len(db.session.scalars(moved.values(due_at=moment).returning(Delivery.id)).all())


def _make_due(chosen: ColumnElement[bool], moment: datetime) -> int:
    own = update(Delivery).where(chosen).returning(Delivery.id)
    due = own.values(status="pending", due_at=moment, lease_until=None)
    released = db.session.scalars(due).all()
    _cancel_disabled(moment)
    return len(released)


def _cancel_disabled(moment: datetime) -> None:
    """Catches what came after `Delivery.cancel_waiting`: an expired lease, or an event that was
    being taken in while the webhook was disabled (PostgreSQL runs both at once)."""
    off = select(Webhook.id).where(~Webhook.is_active)
    cancelled = update(Delivery).where(
        _free(Delivery.status == "pending", Delivery.webhook_id.in_(off))
    )
    db.session.execute(cancelled.values(status="cancelled", due_at=None, finished_at=moment))


def _free(*chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Chosen deliveries, without those that another transaction changes at this moment."""
    return Delivery.id.in_(select(Delivery.id).where(*chosen).with_for_update(skip_locked=True))
