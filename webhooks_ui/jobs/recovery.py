"""Recovering: what was not delivered is sent again, a little at a time, by a worker.

Each step is one transaction that makes the next deliveries and moves the recovery on, so that a
process that dies in between leaves nothing out and sends nothing twice. They are due after what
has come in meanwhile, and no more are made while many still wait for their first attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, literal, null, select, text, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.models import Delivery, Event, Recovery, User, Webhook, missed_events, undelivered
from webhooks_ui.models.delivery import OPEN, PENDING
from webhooks_ui.models.public_ids import DELIVERY, new_id
from webhooks_ui.models.recovery import Choice
from webhooks_ui.models.undelivered import Preview

AT_ONCE = 200  # deliveries made in one step
MAX_WAITING = 1_000  # deliveries of a recovery that wait for their first attempt


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """Another recovery for the same webhook, or over several, is not over yet."""

    recovery: Recovery


def start(
    choice: Choice, since: datetime, until: datetime, found: Preview, user: User | None
) -> Recovery | AlreadyRunning:
    """Begins to send again what a preview has found, unless another one runs."""
    with transaction():
        own = select(Webhook.id).where(Webhook.public_id == choice.webhook)
        webhook_id = db.session.scalar(own) if choice.webhook else None
        if running := Recovery.running_for(webhook_id):
            return AlreadyRunning(running)
        recovery = Recovery(
            webhook_id=webhook_id,
            since=since,
            until=until,
            total=found.total,
            last_row=found.last_row,
            created_by_id=user.id if user else None,
        )
        recovery.choice = choice
        db.session.add(recovery)
    return recovery


def stop(recovery: Recovery) -> None:
    """Sends no more of it: what still waits is cancelled, and can be recovered another time."""
    row = recovery.id
    with transaction():
        _end(recovery, "stopped")  # first, so that a step under way has made its own before
        waiting = update(Delivery).where(Delivery.recovery_id == row, text(PENDING))
        db.session.execute(waiting.values(status="cancelled", due_at=None, finished_at=now()))


def is_due(_moment: datetime, _done_at: datetime) -> bool:
    """Whether a recovery runs."""
    return bool(_running())


def step() -> bool:
    """Moves every recovery that runs on by a little; whether there is more to do at once."""
    moved = [_advance(row) for row in _running()]
    if any(moved):
        wakeup.workers()
    return any(moved)


def _running() -> list[int]:
    return list(db.session.scalars(select(Recovery.id).where(text("status = 'running'"))))


def _advance(row: int) -> bool:
    events = _missed(row)  # looked for while nothing is locked: it may take a while
    with transaction():
        recovery = db.session.get(Recovery, row, with_for_update=True, populate_existing=True)
        if recovery is None or recovery.status != "running":
            return False
        webhook = recovery.webhook
        if webhook and (webhook.deleted_at or not webhook.enabled):
            _end(recovery, "stopped", "deleted" if webhook.deleted_at else "disabled")
            return False
        room = MAX_WAITING - _waiting(recovery)
        if room < AT_ONCE:
            return False
        rows = undelivered.take(
            recovery.choice,
            recovery.since,
            recovery.until,
            recovery.position,
            recovery.last_row,
            AT_ONCE,
        )
        wanted = [delivery for delivery, is_wanted in rows if is_wanted]
        _make(recovery, wanted)
        recovery.resent += len(wanted)
        recovery.skipped += len(rows) - len(wanted)
        if rows:
            recovery.position = rows[-1][0]
        if len(rows) < AT_ONCE:
            _send_missed(recovery, events)
            if len(events) < AT_ONCE:
                _end(recovery, "finished")
        return True


def _missed(row: int) -> Sequence[int]:
    """The next events that came while the webhook was disabled.

    They are those behind the last one that was sent: nothing else is remembered.
    """
    recovery = db.session.get(Recovery, row)
    if recovery is None or not recovery.choice.missed:
        return []
    own = select(func.max(Delivery.event_id)).where(
        Delivery.recovery_id == row, Delivery.resend_of_id.is_(None)
    )
    after = db.session.scalar(own) or 0
    return missed_events.take(recovery.choice, recovery.since, recovery.until, after, AT_ONCE)


def _send_missed(recovery: Recovery, events: Sequence[int]) -> None:
    columns = (Event.id, literal(recovery.webhook_id), Event.type, Event.channel_id, null())
    still = (Event.id.in_(events), ~missed_events.got(recovery.webhook_id))
    made = _insert(recovery, select(*columns).where(*still).order_by(Event.id))
    counted = update(Event).where(Event.id.in_(made))
    db.session.execute(counted.values(deliveries_count=Event.deliveries_count + 1))
    recovery.resent += len(made)


def _waiting(recovery: Recovery) -> int:
    """How many of its deliveries wait for their first attempt."""
    own = select(Delivery.id).where(
        Delivery.recovery_id == recovery.id, text(OPEN), Delivery.attempts_made == 0
    )
    return (
        db.session.scalar(select(func.count()).select_from(own.limit(MAX_WAITING).subquery())) or 0
    )


def _make(recovery: Recovery, rows: list[int]) -> None:
    columns = (Delivery.event_id, Delivery.webhook_id, Delivery.type, Delivery.channel_id)
    lost_ones = select(*columns, Delivery.id).where(Delivery.id.in_(rows))
    _insert(recovery, lost_ones.order_by(Delivery.id))


def _insert(recovery: Recovery, chosen: Select[*tuple[Any, ...]]) -> list[int]:
    """One delivery for each row: event, webhook, type, channel, the delivery that it repeats. The
    events' rows."""
    moment = now()
    made = [
        {
            "public_id": new_id(DELIVERY),
            "event_id": event_id,
            "webhook_id": webhook_id,
            "type": kind,
            "channel_id": channel_id,
            "test": False,
            "resend_of_id": repeats,
            "recovery_id": recovery.id,
            "status": "pending",
            # Behind what comes in meanwhile, which is due since the epoch.
            "due_at": moment,
            "created_at": moment,
        }
        for event_id, webhook_id, kind, channel_id, repeats in db.session.execute(chosen)
    ]
    if made:
        db.session.execute(insert(Delivery), made)
    return [delivery["event_id"] for delivery in made]


def _end(recovery: Recovery, status: str, reason: str | None = None) -> None:
    over = update(Recovery).where(Recovery.id == recovery.id, text("status = 'running'"))
    db.session.execute(over.values(status=status, reason=reason, finished_at=now()))
