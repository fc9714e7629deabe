"""The queue: claim what is due under a lease, and write down what came of it.

A claim is one statement that moves rows to ``delivering`` with a lease and counts the claim.
Whoever records an outcome names the claim that it holds: when the lease ran out and the row was
claimed again, the late outcome changes nothing. No row is locked between the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update

from webhooks_ui import metrics
from webhooks_ui.database import db, transaction
from webhooks_ui.delivery import claiming, counting
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.models import Attempt, Delivery, Event, Notice, Webhook, webhook_history

NOTICE_AFTER = timedelta(minutes=15)  # of failing; or as soon as one delivery is given up
MOST_SKEW = timedelta(hours=1)  # a lease that ends later than this was given by a wrong clock

_WEBHOOKS = cast("Table", Webhook.__table__)
_NOTE = (
    update(_WEBHOOKS)
    .where(_WEBHOOKS.c.id == bindparam("row"))
    .values(
        last_delivery_id=bindparam("last"),
        last_succeeded=bindparam("succeeded"),
        failing_since=bindparam("since"),
        failing_noticed_at=bindparam("told_at"),
    )
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until its lease ends; `claims` is the fence."""

    id: int
    claims: int
    webhook_id: int


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with what is needed to make the attempt."""

    claim: Claim
    public_id: str
    attempts_made: int
    webhook_public_id: str
    webhook_version: int
    failing_since: datetime | None
    event: Event


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a claimed delivery: the attempt made, and what is to follow from it."""

    claim: Claim
    attempt: dict[str, Any]
    decision: Decision


def claim(
    slots: Mapping[int, int], usual: int, most: int, moment: datetime, lease: timedelta
) -> list[Claim]:
    """Claims up to `most` due deliveries, fairly over webhooks.

    `slots` is how many more a webhook may have under way, `usual` for those not named. Deliveries
    of disabled webhooks stay where they are.
    """
    with transaction():
        rows = db.session.execute(
            claiming.statement(db.engine.dialect.name),
            claiming.parameters(slots, usual, most, moment, moment + lease),
        )
        return [Claim(*row) for row in rows]


def release(claims: Sequence[Claim], moment: datetime) -> None:
    """Makes due again what was claimed and will not be attempted, as far as it is still ours."""
    if not claims:
        return
    with transaction():
        for held in claims:
            db.session.execute(
                update(Delivery)
                .where(
                    Delivery.id == held.id,
                    Delivery.claims == held.claims,
                    Delivery.status == "delivering",
                )
                .values(status="pending", due_at=moment, lease_until=None)
            )


def release_expired(moment: datetime) -> int:
    """Makes due again what was leased by a worker that is gone; returns how many there were.

    What so waits for a webhook that was disabled or deleted meanwhile is cancelled.
    """
    gone = (Delivery.lease_until < moment) | (Delivery.lease_until > moment + MOST_SKEW)
    with transaction():
        released = db.session.scalars(
            update(Delivery)
            .where(Delivery.status == "delivering", Delivery.test.is_(False), gone)
            .values(status="pending", due_at=moment, lease_until=None)
            .returning(Delivery.id)
        ).all()
        _cancel_for_webhooks_that_are_off()
        return len(released)


def jobs(claims: Sequence[Claim]) -> list[Job]:
    """What is needed to make the attempts."""
    by_id = {claim.id: claim for claim in claims}
    rows = db.session.execute(
        select(
            Delivery.id,
            Delivery.public_id,
            Delivery.attempts_made,
            Webhook.public_id,
            Webhook.version,
            Webhook.failing_since,
            Event.public_id,
            Event.type,
            Event.channel,
            Event.occurred_at,
            Event.data,
        )
        .join(Event, Event.id == Delivery.event_id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.id.in_(by_id))
    )
    return [
        Job(by_id[found], public_id, made, webhook_id, version, failing_since, _event(*event))
        for found, public_id, made, webhook_id, version, failing_since, *event in rows
    ]


def webhook_of(claim: Claim) -> Webhook | None:
    """The webhook that a claimed delivery goes to, detached."""
    found = db.session.get(Webhook, claim.webhook_id)
    db.session.expunge_all()
    return found


def record(results: Sequence[Result], moment: datetime) -> None:
    """Writes down many outcomes in one transaction; those that come too late change nothing."""
    with transaction():
        connection = db.session.connection()
        first = {(result.claim.id, result.claim.claims): result for result in reversed(results)}
        current = claiming.finish(connection, [_row(result) for result in first.values()])
        kept = [result for claim, result in reversed(first.items()) if claim in current]
        if kept:
            db.session.execute(insert(Attempt), [_with_delivery(result) for result in kept])
        counting.add(connection, [_ended(result) for result in kept])
        _note_webhooks(kept, moment)
    metrics.recorded((result.decision.status, result.attempt["error"]) for result in kept)


def finish_test(public_id: str, attempt: dict[str, Any], moment: datetime) -> None:
    """Finishes a test by its attempt; it is never repeated."""
    with transaction():
        delivery = Delivery.by_public_id(public_id)
        if delivery is None or delivery.status != "delivering":
            return
        db.session.add(Attempt(delivery_id=delivery.id, **attempt))
        delivery.status = "failed" if attempt["error"] else "succeeded"
        delivery.finished_at, delivery.lease_until = moment, None
        delivery.attempts_made, delivery.error = attempt["number"], attempt["error"]
        db.session.execute(
            update(Webhook)
            .where(Webhook.id == delivery.webhook_id)
            .values(last_delivery_id=delivery.id, last_succeeded=not attempt["error"])
        )


def _with_delivery(result: Result) -> dict[str, Any]:
    return result.attempt | {"delivery_id": result.claim.id}


def _row(result: Result) -> dict[str, Any]:
    decision = result.decision
    over = decision.status != "pending"
    return {
        "id": result.claim.id,
        "claims": result.claim.claims,
        "status": decision.status,
        "due_at": _milliseconds(decision.due_at),
        "attempts_made": result.attempt["number"],
        "error": result.attempt["error"],
        "finished_at": _milliseconds(_end(result.attempt)) if over else None,
    }


def _ended(result: Result) -> counting.Ended:
    attempt = result.attempt
    return result.claim.webhook_id, result.decision.status, _end(attempt), attempt


def _end(attempt: Mapping[str, Any]) -> datetime:
    started_at: datetime = attempt["started_at"]
    return started_at + timedelta(milliseconds=attempt["duration_ms"])


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _event(
    public_id: str, kind: str, channel: dict[str, Any] | None, occurred_at: datetime, data: bytes
) -> Event:
    return Event(
        public_id=public_id, type=kind, channel=channel, occurred_at=occurred_at, data=data
    )


def _note_webhooks(results: Sequence[Result], moment: datetime) -> None:
    """What the outcomes mean for their webhooks: the last result, failing or not, disabled."""
    by_webhook: dict[int, list[Result]] = {}
    for result in results:
        by_webhook.setdefault(result.claim.webhook_id, []).append(result)
    if not by_webhook:
        return
    state = (Webhook.id, Webhook.failing_since, Webhook.failing_noticed_at)
    chosen = select(*state).where(Webhook.id.in_(by_webhook)).order_by(Webhook.id)
    # Locked, but not against who refers to them: events are taken in meanwhile.
    found = db.session.execute(chosen.with_for_update(key_share=True)).all()
    changes = [
        {"row": webhook_id} | _changed(webhook_id, by_webhook[webhook_id], since, told_at, moment)
        for webhook_id, since, told_at in found
    ]
    if changes:
        db.session.connection().execute(_NOTE, changes)
    for webhook_id, of_it in sorted(by_webhook.items()):
        reason = next((r.decision.disable for r in of_it if r.decision.disable), None)
        if reason and not _any_succeeded(of_it):
            _disable(webhook_id, reason, of_it[-1], moment)
    _cancel_what_is_off(list(by_webhook))


def _changed(
    webhook_id: int,
    results: Sequence[Result],
    since: datetime | None,
    told_at: datetime | None,
    moment: datetime,
) -> dict[str, Any]:
    """The webhook's columns after these outcomes; writes the notice that they give cause for."""
    last = results[-1]
    changed: dict[str, Any] = {"last": last.claim.id, "since": None, "told_at": None}
    changed["succeeded"] = last.attempt["error"] is None
    if _any_succeeded(results):
        if told_at:
            _tell(webhook_id, "recovered", last, since or told_at)
        return changed
    changed["since"], changed["told_at"] = since or moment, told_at
    given_up = any(result.decision.status == "failed" for result in results)
    if told_at is None and (given_up or moment - changed["since"] >= NOTICE_AFTER):
        changed["told_at"] = moment
        if not any(result.decision.disable for result in results):  # which is told by itself
            _tell(webhook_id, "failing", last, changed["since"])
    return changed


def _any_succeeded(results: Sequence[Result]) -> bool:
    return any(result.attempt["error"] is None for result in results)


def _tell(webhook_id: int, kind: str, cause: Result, since: datetime | None, **more: str) -> None:
    """Leaves a notice to be sent once this is committed."""
    detail = {
        "error": cause.attempt["error"],
        "status_code": cause.attempt.get("status_code"),
        "since": since.isoformat() if since else None,
        "delivery_id": cause.claim.id,
    }
    db.session.execute(
        insert(Notice).values(webhook_id=webhook_id, kind=kind, detail=detail | more)
    )


def _disable(webhook_id: int, reason: str, cause: Result, moment: datetime) -> None:
    disabled = db.session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.enabled)
        .values(
            enabled=False,
            disabled_reason=reason,
            disabled_at=moment,
            version=Webhook.version + 1,
        )
        .returning(Webhook.failing_since)
    ).one_or_none()
    if disabled:
        webhook_history.note([webhook_id], moment)
        _tell(webhook_id, "disabled", cause, disabled.failing_since, reason=reason)


def _cancel_for_webhooks_that_are_off() -> None:
    """Catches what came after `Delivery.cancel_waiting`: an expired lease, or an event that was
    being taken in while the webhook was disabled (PostgreSQL has both under way at once)."""
    off = select(Webhook.id).where((~Webhook.enabled) | Webhook.deleted_at.is_not(None))
    left = select(Delivery.id).where(Delivery.status == "pending", Delivery.webhook_id.in_(off))
    # Whoever cancels them too at this moment is not waited for, so that none waits for the other.
    free = left.with_for_update(skip_locked=True)
    cancelled = update(Delivery).where(Delivery.id.in_(free))
    db.session.execute(cancelled.values(status="cancelled", due_at=None))


def _cancel_what_is_off(webhook_ids: list[int]) -> None:
    """What was to be tried again for a webhook that was disabled or deleted meanwhile."""
    off = select(Webhook.id).where(
        Webhook.id.in_(webhook_ids), (~Webhook.enabled) | Webhook.deleted_at.is_not(None)
    )
    for webhook_id in db.session.scalars(off).all():
        Delivery.cancel_waiting(webhook_id)
