"""Deletes what is old, batch by batch: each turn is one short transaction and yields its counts.

Events are read by id, which ascends with time. Attempts are deleted with their delivery, on SQLite
by an indexed foreign key; on PostgreSQL whole partitions of them are dropped afterwards.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from webhooks_ui.audit import AuditEntry
from webhooks_ui.database.engine import db, end_read, transaction
from webhooks_ui.models import partitions
from webhooks_ui.models.counters import TotalHour, WebhookHour
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event, IdempotencyKey
from webhooks_ui.models.installation import sealed_columns
from webhooks_ui.models.receiver import Receiver
from webhooks_ui.models.recovery import RUNNING, Recovery
from webhooks_ui.models.source_request import SourceRequest
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_history import WebhookState

BATCH = 500  # rows deleted in one transaction
SLICE = 50  # webhooks whose hours and states are read together

Deleted = Counter[str]
"""Deleted rows by table, of one turn; empty if it deleted none."""


def events(before: datetime, moment: datetime, dropped: int = 0) -> Iterator[Deleted]:
    """Deletes events from before that time, with their deliveries.

    An event is kept while a delivery of it is open or was made since, as by a resend, and while a
    running recovery may send it again. What deliveries below the id `dropped` leave behind stays:
    its partition is to be dropped.
    """
    after = 0
    while ids := _old_events(after, until := _not_recovering(before)):
        deleted, is_done = _delete_events(ids, until, moment, dropped)
        if is_done:
            after = ids[-1]
        yield deleted


def left_behind(end: int) -> Iterator[Deleted]:
    """Deletes what deliveries below this id have left in partitions when they were deleted."""
    after = -1
    while True:
        end_read()
        ids = partitions.left_behind(after, end, BATCH)
        if not ids:
            return
        with transaction():
            deleted = partitions.delete_of(ids)
        after = ids[-1]
        yield Deleted(attempts=deleted)


def count_old(before: datetime, moment: datetime) -> Deleted:
    """How many rows `events` would delete now."""
    until = _not_recovering(before)
    needed = exists().where(Delivery.event_id == Event.id, _is_needed(until, moment))
    old = (Event.created_at < until, ~needed.correlate(Event))
    of_them = select(func.count()).select_from(Delivery).join(Event).where(*old)
    return Deleted(
        events=db.session.scalar(select(func.count()).select_from(Event).where(*old)) or 0,
        deliveries=db.session.scalar(of_them) or 0,
    )


def keys(before: datetime) -> Iterator[Deleted]:
    """Deletes idempotency keys from before that time."""
    yield from _all_of(IdempotencyKey, IdempotencyKey.created_at < before)


def hours(before: datetime) -> Iterator[Deleted]:
    """Deletes hourly counts from before that time."""
    for webhook_ids in _webhooks():
        old = (WebhookHour.webhook_id.in_(webhook_ids), WebhookHour.hour < before)
        yield from _all_of(WebhookHour, *old)
    yield from _all_of(TotalHour, TotalHour.hour < before)


def states(before: datetime) -> Iterator[Deleted]:
    """Deletes the set-up of webhooks before that time, save that which each had at it."""
    newer = aliased(WebhookState)
    is_followed = exists().where(
        newer.webhook_id == WebhookState.webhook_id,
        newer.since < before,
        tuple_(newer.since, newer.id) > tuple_(WebhookState.since, WebhookState.id),
    )
    for webhook_ids in _webhooks():
        of_these = WebhookState.webhook_id.in_(webhook_ids)
        yield from _all_of(WebhookState, of_these, WebhookState.since < before, is_followed)


def recoveries(before: datetime) -> Iterator[Deleted]:
    """Deletes recoveries that ended before that time."""
    yield from _all_of(Recovery, Recovery.status != "running", Recovery.finished_at < before)


def webhooks(before: datetime) -> Iterator[Deleted]:
    """Removes webhooks that were deleted before that time and have no delivery left."""
    has_some = exists().where(Delivery.webhook_id == Webhook.id)
    yield from _all_of(Webhook, Webhook.deleted_at < before, ~has_some, most=SLICE)


def secrets(before: datetime) -> Iterator[Deleted]:
    """Erases the secrets of webhooks that were deleted before that time.

    The row of such a webhook stays as long as the log has deliveries to it.
    """
    old = (Webhook.deleted_at < before, Webhook.signing_secret != "")
    sealed = [one for one in sealed_columns() if one.table is Webhook.__table__]
    nothing = {one.name: None if one.nullable else "" for one in sealed}
    while True:
        end_read()
        ids = db.session.scalars(select(Webhook.id).where(*old).limit(SLICE)).all()
        if ids:
            with transaction():
                db.session.execute(update(Webhook).where(Webhook.id.in_(ids), *old).values(nothing))
        yield Deleted()
        if len(ids) < SLICE:
            return


def audit_entries(before: datetime) -> Iterator[Deleted]:
    """Deletes entries of the audit log from before that time."""
    yield from _all_of(AuditEntry, AuditEntry.created_at < before)


def receivers(moment: datetime) -> Iterator[Deleted]:
    """Deletes built-in receivers that have expired, with their requests."""
    yield from _all_of(Receiver, Receiver.expires_at <= moment, most=SLICE)


def source_requests(before: datetime) -> Iterator[Deleted]:
    """Deletes requests of sources from before that time."""
    yield from _all_of(SourceRequest, SourceRequest.received_at < before)


def _not_recovering(before: datetime) -> datetime:
    """That time, or the earliest from which a running recovery sends again."""
    end_read()
    running = select(func.min(Recovery.since)).where(RUNNING)
    return min(before, db.session.scalar(running) or before)


def _old_events(after: int, before: datetime) -> list[int]:
    """The next events that are old enough, as many as one transaction should examine."""
    found = select(Event.id, Event.created_at, Event.deliveries_count).where(Event.id > after)
    ids: list[int] = []
    rows = 0
    for event_id, created_at, count in db.session.execute(found.order_by(Event.id).limit(BATCH)):
        rows += 1 + count
        if created_at >= before or (ids and rows > BATCH):
            break
        ids.append(event_id)
    return ids


def _delete_events(
    ids: list[int], before: datetime, moment: datetime, dropped: int
) -> tuple[Deleted, bool]:
    """Deletes a batch of these events; the second value tells whether all that may go are gone."""
    with transaction():
        # Nobody can add a delivery to a locked event; one that is being added to is skipped.
        locked = select(Event.id).where(Event.id.in_(ids)).with_for_update(skip_locked=True)
        free = db.session.scalars(locked).all()
        needed = _is_needed(before, moment)
        kept = select(Delivery.event_id).where(Delivery.event_id.in_(free), needed)
        old = sorted(set(free) - set(db.session.scalars(kept)))
        taken, is_all = _some_deliveries(old)
        partitions.delete_of([row for row in taken if row >= dropped])
        db.session.execute(delete(Delivery).where(Delivery.id.in_(taken)))
        if is_all:
            db.session.execute(delete(Event).where(Event.id.in_(old)))
    return +Deleted(deliveries=len(taken), events=len(old) if is_all else 0), is_all


def _is_needed(before: datetime, moment: datetime) -> ColumnElement[bool]:
    """Whether a delivery keeps its event: it has not ended, or was made since `before`."""
    left_behind = Delivery.test & (Delivery.lease_until < moment)
    waits = Delivery.status.in_(("pending", "delivering")) & ~left_behind.is_(True)
    return or_(waits, Delivery.created_at >= before)


def _some_deliveries(event_ids: list[int]) -> tuple[list[int], bool]:
    """Deliveries of these events, with up to `BATCH` attempts; and whether these are all."""
    of_them = select(Delivery.id, Delivery.attempts_made).where(Delivery.event_id.in_(event_ids))
    rows = db.session.execute(of_them.limit(BATCH)).all()
    taken: list[int] = []
    attempts = 0
    for delivery_id, made in rows:
        attempts += made
        if taken and attempts > BATCH:
            break
        taken.append(delivery_id)
    return taken, len(taken) == len(rows) < BATCH


def _webhooks() -> Iterator[list[int]]:
    """The ids of all webhooks, a slice at a time."""
    after = 0
    while True:
        end_read()
        found = select(Webhook.id).where(Webhook.id > after).order_by(Webhook.id).limit(SLICE)
        ids = list(db.session.scalars(found))
        if not ids:
            return
        yield ids
        after = ids[-1]


def _all_of(model: Any, *conditions: Any, most: int = BATCH) -> Iterator[Deleted]:
    """Deletes the rows that meet the conditions; the last turn may have deleted none."""
    key = [getattr(model, column.key) for column in model.__table__.primary_key]
    some = select(*key).where(*conditions).limit(most)
    while True:
        end_read()
        chosen = [tuple(row) for row in db.session.execute(some)]
        if chosen:
            with transaction():
                db.session.execute(delete(model).where(tuple_(*key).in_(chosen), *conditions))
        yield +Deleted({model.__tablename__: len(chosen)})
        if len(chosen) < most:
            return
