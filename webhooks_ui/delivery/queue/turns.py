"""The queue: claims due deliveries under a lease, and records what came of them.

A claim is one statement that moves rows to ``delivering`` with a lease and counts the claim.
Whoever records an outcome names the claim that it holds: if the lease ran out and the row was
claimed again, the late outcome changes nothing. No row is locked between the two.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, insert, select, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.delivery.queue import claim_sql, counting, webhook_state
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Demand, Job, Result, Turn
from webhooks_ui.models import Attempt, Delivery, Event, Webhook
from webhooks_ui.models.event import EventContent
from webhooks_ui.monitoring import metrics

MAX_SKEW = timedelta(hours=1)  # a lease that ends later than this was given by a wrong clock

_WEBHOOKS = cast("Table", Webhook.__table__)
_EVENTS = cast("Table", Event.__table__)
_ENDPOINT = select(
    *(_WEBHOOKS.c.id, _WEBHOOKS.c.public_id, _WEBHOOKS.c.version, _WEBHOOKS.c.failing_since),
    _WEBHOOKS.c.last_succeeded,
).where(_WEBHOOKS.c.id.in_(bindparam("rows", expanding=True)))
_CONTENT = select(*(_EVENTS.c[name] for name in ("id", *EventContent.FIELDS))).where(
    _EVENTS.c.id.in_(bindparam("rows", expanding=True))
)
_INSERT_ATTEMPTS = insert(cast("Table", Attempt.__table__))


def turn(results: Sequence[Result], demand: Demand | None, moment: datetime) -> Turn:
    """Records outcomes and claims what is due, both in one transaction.

    Deliveries of disabled webhooks stay where they are. An outcome that comes too late changes
    nothing. The claim is last: it waits for no lock, so that two turns never wait for each other.
    """
    done, kept = Turn([]), list[Result]()
    with transaction():
        connection = db.session.connection()
        if results:
            kept = _finish(results)
            insert_attempts([(result.claim.id, result.attempt) for result in kept])
            counting.add(
                connection, [(r.claim.webhook_id, r.decision.status, r.attempt) for r in kept]
            )
            webhook_state.update_webhooks(kept, moment)
        if demand and demand.limit:
            done = claim_sql.claim(connection, demand, moment)
    metrics.recorded((result.decision.status, result.attempt.error) for result in kept)
    return done


def record(results: Sequence[Result], moment: datetime) -> None:
    """A turn that only records."""
    turn(results, None, moment)


def insert_attempts(attempts: Sequence[tuple[int, AttemptRecord]]) -> None:
    """Inserts attempts, each with its delivery's id; within a transaction of the caller."""
    rows = [{"delivery_id": delivery_id, **vars(attempt)} for delivery_id, attempt in attempts]
    if rows:
        db.session.connection().execute(_INSERT_ATTEMPTS, rows)


def release(claims: Sequence[Claim], moment: datetime) -> None:
    """Makes claimed deliveries due again; cancels those whose webhook is disabled or deleted.

    A claim that does not hold any more changes nothing.
    """
    if not claims:
        return
    with transaction():
        for claim in claims:
            held = update(Delivery).where(*_held(claim))
            db.session.execute(held.values(status="pending", due_at=moment, lease_until=None))
        webhook_state.end_probes({claim.webhook_id for claim in claims}, moment)
        webhook_state.cancel_disabled({claim.webhook_id for claim in claims})


def release_expired(moment: datetime) -> int:
    """Makes due again deliveries whose lease ran out; returns how many there were.

    Cancels those whose webhook was disabled or deleted meanwhile.
    """
    gone = (Delivery.lease_until < moment) | (Delivery.lease_until > moment + MAX_SKEW)
    with transaction():
        released = db.session.scalars(
            update(Delivery)
            .where(Delivery.status == "delivering", Delivery.test.is_(False), gone)
            .values(status="pending", due_at=moment, lease_until=None)
            .returning(Delivery.id)
        ).all()
        _cancel_disabled(moment)
        return len(released)


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
        released = db.session.scalars(
            update(Delivery)
            .where(*leased)
            .values(status="pending", due_at=moment, lease_until=None)
            .returning(Delivery.webhook_id)
        ).all()
        webhook_state.end_probes({row for row in released if row}, moment)
        _cancel_disabled(moment)
        return len(released)


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


def jobs(claims: Sequence[Claim]) -> list[Job]:
    """Loads what is needed to make the attempts."""
    connection = db.session.connection()
    webhooks = connection.execute(_ENDPOINT, {"rows": [*{claim.webhook_id for claim in claims}]})
    to = {
        row: (public_id, version, since, since is None and bool(succeeded))
        for row, public_id, version, since, succeeded in webhooks
    }
    # An event for several webhooks is read once, and its body made once.
    found = connection.execute(_CONTENT, {"rows": [*{claim.event_id for claim in claims}]})
    events = {row: EventContent(*content) for row, *content in found}
    claimed_at = monotonic()
    return [
        Job(claim, *to[claim.webhook_id], events[claim.event_id], claimed_at)
        for claim in claims
        if claim.webhook_id in to and claim.event_id in events
    ]


def current_version(claim: Claim) -> int | None:
    """The version of the webhook that a claimed delivery goes to.

    None when it must not be sent now: the webhook was disabled, paused or deleted, or the claim is
    an old one.
    """
    own = select(Webhook.version).join(Delivery, Delivery.webhook_id == Webhook.id)
    is_on = (Webhook.is_active, Webhook.goes_on(now()))
    return db.session.scalar(own.where(*_held(claim), *is_on))


def load_webhook(claim: Claim) -> Webhook | None:
    """The webhook that a claimed delivery goes to, detached."""
    found = db.session.get(Webhook, claim.webhook_id)
    db.session.expunge_all()
    return found


def finish_ping(public_id: str, attempt: AttemptRecord, moment: datetime) -> None:
    """Finishes a ping by its attempt; it is never retried."""
    with transaction():
        delivery = Delivery.by_public_id(public_id)
        if delivery is None or delivery.status != "delivering":
            return
        insert_attempts([(delivery.id, attempt)])
        delivery.status = "failed" if attempt.error else "succeeded"
        delivery.finished_at, delivery.lease_until = moment, None
        delivery.attempts_made, delivery.error = attempt.number, attempt.error
        db.session.execute(
            update(Webhook)
            .where(Webhook.id == delivery.webhook_id)
            .values(last_delivery_id=delivery.id, last_succeeded=not attempt.error)
        )
        if delivery.webhook_id and not attempt.error:
            webhook_state.probe_now(delivery.webhook_id)


def _held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """The condition that a claim still holds."""
    is_leased = Delivery.status == "delivering"
    return Delivery.id == claim.id, Delivery.claims == claim.claims, is_leased


def _finish(results: Sequence[Result]) -> list[Result]:
    """Moves deliveries on; returns the results whose claim still held, one for each claim."""
    first: dict[tuple[int, int], Result] = {}
    for result in results:
        first.setdefault((result.claim.id, result.claim.claims), result)
    rows = [_next_state(result) for result in first.values()]
    current = claim_sql.finish(db.session.connection(), rows)
    return [result for claim, result in first.items() if claim in current]


def _next_state(result: Result) -> dict[str, Any]:
    attempt, decision = result.attempt, result.decision
    is_over = decision.status != "pending"
    return {
        "id": result.claim.id,
        "claims": result.claim.claims,
        "status": decision.status,
        "due_at": milliseconds(decision.due_at) if decision.due_at else None,
        "attempts_made": attempt.number,
        "error": attempt.error,
        "finished_at": milliseconds(attempt.ended_at) if is_over else None,
        "refused": 1 if decision.hold_until else 0,
    }


def _cancel_disabled(moment: datetime) -> None:
    """Catches what came after `Delivery.cancel_waiting`: an expired lease, or an event that was
    being taken in while the webhook was disabled (PostgreSQL runs both at once)."""
    off = select(Webhook.id).where((~Webhook.enabled) | Webhook.deleted_at.is_not(None))
    left = select(Delivery.id).where(Delivery.status == "pending", Delivery.webhook_id.in_(off))
    # Skips what another transaction cancels at this moment, so that there is no deadlock.
    free = left.with_for_update(skip_locked=True)
    cancelled = update(Delivery).where(Delivery.id.in_(free))
    db.session.execute(cancelled.values(status="cancelled", due_at=None, finished_at=moment))
