"""Recovery: deliveries that failed, and events missed while a webhook was disabled, are sent again.

Each step is one transaction that makes the next deliveries and advances the recovery, so that a
crash in between neither skips nor repeats anything. These deliveries are due after new ones, and
no more are made while many still wait for their first attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, literal, select, text, update

from webhooks_ui import audit
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.models import Delivery, Event, Recovery, User, Webhook, missed_events, undelivered
from webhooks_ui.models.bounded_count import count
from webhooks_ui.models.delivery import OPEN, PENDING
from webhooks_ui.models.public_ids import DELIVERY, new_id
from webhooks_ui.models.recovery import RUNNING, Choice
from webhooks_ui.models.undelivered import Preview

BATCH = 200  # deliveries made in one step
MAX_WAITING = 1_000  # deliveries of a recovery that wait for their first attempt


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """A recovery of the same webhook, or of a filter over several as well, has not ended."""

    recovery: Recovery


def start(
    choice: Choice, since: datetime, until: datetime, found: Preview, user: User | None
) -> Recovery | AlreadyRunning:
    """Starts a recovery of what the preview found, unless one of its kind is running."""
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


def stop(recovery: Recovery) -> bool:
    """Stops it and cancels its pending deliveries, which can be recovered another time.

    Returns whether it was running; one that has ended has queued all of its deliveries.
    """
    row = recovery.id
    with transaction():
        # First, since it waits for a step in progress, which has locked the recovery's row.
        was_running = _end(recovery, "stopped")
        waiting = update(Delivery).where(Delivery.recovery_id == row, text(PENDING))
        db.session.execute(waiting.values(status="cancelled", due_at=None, finished_at=now()))
    return was_running


def is_due(_moment: datetime, _done_at: datetime) -> bool:
    """Whether a recovery is running."""
    return bool(_running())


def step() -> bool:
    """Advances every running recovery by one batch; returns whether there is more to do at once."""
    advanced = [_advance(row) for row in _running()]
    if any(advanced):
        wakeup.wake_workers()
    return any(advanced)


def _running() -> list[int]:
    return list(db.session.scalars(select(Recovery.id).where(RUNNING)))


def _advance(row: int) -> bool:
    events = _missed(row)  # before anything is locked: the search may take long
    with transaction():
        recovery = db.session.get(Recovery, row, with_for_update=True, populate_existing=True)
        if recovery is None or recovery.status != "running":
            return False
        webhook = recovery.webhook
        if webhook and (webhook.deleted_at or not webhook.enabled):
            _end(recovery, "stopped", "deleted" if webhook.deleted_at else "disabled")
            return False
        room = MAX_WAITING - _waiting(recovery)
        if room < BATCH:
            return False
        rows = undelivered.take(
            recovery.choice,
            recovery.since,
            recovery.until,
            recovery.position,
            recovery.last_row,
            BATCH,
        )
        wanted = [delivery for delivery, is_wanted in rows if is_wanted]
        _make(recovery, wanted)
        recovery.resent += len(wanted)
        recovery.skipped += len(rows) - len(wanted)
        if rows:
            recovery.position = rows[-1][0]
        if len(rows) < BATCH:
            _send_missed(recovery, events)
            if len(events) < BATCH:
                _end(recovery, "finished")
        return True


def _missed(row: int) -> Sequence[int]:
    """The next events that arrived while the webhook was disabled.

    The position is the newest event that this recovery has delivered so far.
    """
    recovery = db.session.get(Recovery, row)
    if recovery is None or not recovery.choice.missed:
        return []
    own = select(func.max(Delivery.event_id)).where(
        Delivery.recovery_id == row, Delivery.resend_of_id.is_(None)
    )
    after = db.session.scalar(own) or 0
    return missed_events.take(recovery.choice, recovery.since, recovery.until, after, BATCH)


def _send_missed(recovery: Recovery, events: Sequence[int]) -> None:
    columns = (
        Event.id.label("event_id"),
        literal(recovery.webhook_id).label("webhook_id"),
        Event.type,
        Event.channel_id,
    )
    still = (Event.id.in_(events), ~missed_events.got(recovery.webhook_id))
    made = _insert(recovery, select(*columns).where(*still).order_by(Event.id))
    counted = update(Event).where(Event.id.in_(made))
    db.session.execute(counted.values(deliveries_count=Event.deliveries_count + 1))
    recovery.resent += len(made)


def _waiting(recovery: Recovery) -> int:
    """How many of its deliveries have not been attempted yet, counted up to `MAX_WAITING`."""
    own = select(Delivery.id).where(
        Delivery.recovery_id == recovery.id, text(OPEN), Delivery.attempts_made == 0
    )
    return count(own, MAX_WAITING)


def _make(recovery: Recovery, rows: list[int]) -> None:
    columns = (Delivery.event_id, Delivery.webhook_id, Delivery.type, Delivery.channel_id)
    message_id = func.coalesce(Delivery.own_message_id, Delivery.public_id).label("own_message_id")
    of_which = Delivery.id.label("resend_of_id")
    originals = select(*columns, message_id, of_which).where(Delivery.id.in_(rows))
    _insert(recovery, originals.order_by(Delivery.id))


def _insert(recovery: Recovery, chosen: Select[*tuple[Any, ...]]) -> list[int]:
    """Inserts a delivery with the columns of each row chosen; returns the events' row ids."""
    moment = now()
    common = {
        "test": False,
        "recovery_id": recovery.id,
        "status": "pending",
        "due_at": moment,  # after new deliveries, which are due from the epoch on
        "created_at": moment,
    }
    rows = db.session.execute(chosen).mappings()
    made = [{"public_id": new_id(DELIVERY), **row, **common} for row in rows]
    if made:
        db.session.execute(insert(Delivery), made)
    return [delivery["event_id"] for delivery in made]


def _end(recovery: Recovery, status: str, reason: str | None = None) -> bool:
    """Ends a recovery; False when it had ended."""
    over = update(Recovery).where(Recovery.id == recovery.id, RUNNING).returning(Recovery.id)
    ended = over.values(status=status, reason=reason, finished_at=now())
    has_ended = db.session.scalar(ended) is not None
    if has_ended:
        name = recovery.webhook.title if recovery.webhook else ""
        facts = {"reason": reason} if reason else None
        audit.record(f"recovery.{status}", "recovery", recovery.public_id, name, details=facts)
    return has_ended
