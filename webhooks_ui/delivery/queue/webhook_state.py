"""What results change about webhooks: last result, failing since, disabled, alerts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import Table, insert, or_, select, update

from webhooks_ui import audit
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db
from webhooks_ui.database.prepared import ManyRows, Runner
from webhooks_ui.database.types import at_milliseconds, now
from webhooks_ui.delivery.queue import holds
from webhooks_ui.delivery.queue.claims import Result
from webhooks_ui.models import Alert, Delivery, Webhook, webhook_display, webhook_history

ALERT_AFTER = timedelta(minutes=15)  # of failing; or as soon as one delivery is given up

_WEBHOOKS = cast("Table", Webhook.__table__)
_HOLD = {
    "until": _WEBHOOKS.c.held_until,
    "reason": _WEBHOOKS.c.hold_reason,
    "interval_ms": _WEBHOOKS.c.send_interval_ms,
    "counted_since": _WEBHOOKS.c.counted_since,
    "counted": _WEBHOOKS.c.counted,
    "refused": _WEBHOOKS.c.refused,
    "unanswered": _WEBHOOKS.c.unanswered,
}
"""The columns of a `Hold`, by its fields."""
_CHANGED = {
    "last": _WEBHOOKS.c.last_delivery_id,
    "succeeded": _WEBHOOKS.c.last_succeeded,
    "since": _WEBHOOKS.c.failing_since,
    "alerted_at": _WEBHOOKS.c.failing_noticed_at,
    **{f"hold_{name}": column for name, column in _HOLD.items()},
}
_UPDATE = ManyRows(
    {name: column.type for name, column in {"row": _WEBHOOKS.c.id, **_CHANGED}.items()},
    lambda _, values: (
        update(_WEBHOOKS)
        .where(_WEBHOOKS.c.id == values["row"])
        .values({column: values[name] for name, column in _CHANGED.items()})
    ),
)
# FOR NO KEY UPDATE: events that refer to these webhooks are taken in meanwhile.
_LOCK = prepared.of_rows(
    select(
        *(_WEBHOOKS.c.id, _WEBHOOKS.c.failing_since, _WEBHOOKS.c.failing_noticed_at),
        *(_WEBHOOKS.c.last_succeeded, *_HOLD.values()),
    )
    .order_by(_WEBHOOKS.c.id)
    .with_for_update(key_share=True)
)


class _State(NamedTuple):
    """The columns of a webhook that results change."""

    id: int
    failing_since: datetime | None
    alerted_at: datetime | None
    last_succeeded: bool | None
    hold: holds.Hold

    @classmethod
    def of(cls, row: Sequence[Any]) -> Self:
        """From a row of `_LOCK`."""
        number, since, alerted_at, succeeded, until, reason, interval, counted, *rest = row
        hold = holds.Hold(at_milliseconds(until), reason, interval, at_milliseconds(counted), *rest)
        succeeded = None if succeeded is None else bool(succeeded)
        return cls(number, at_milliseconds(since), at_milliseconds(alerted_at), succeeded, hold)


def lock(runner: Runner, webhook_ids: Collection[int]) -> Any:
    """Locks these webhooks until the commit; returns a cursor with their state."""
    return runner.run(_LOCK, rows=runner.ids(webhook_ids))


def update_webhooks(
    runner: Runner, states: Any, results: Sequence[Result], moment: datetime
) -> list[dict[str, Any]]:
    """Writes what results change about their locked webhooks; returns the alerts to insert."""
    by_webhook, changes, alerts = _by_webhook(results), [], list[dict[str, Any]]()
    for state in map(_State.of, states.fetchall()):
        if of_it := by_webhook.get(state.id):
            hold = holds.after(state.hold, of_it, moment)
            held = {f"hold_{name}": getattr(hold, name) for name in _HOLD}
            changes.append({"row": state.id} | _changed(of_it, state, moment, alerts) | held)
    if changes:
        runner.run_many(_UPDATE, changes)
    return alerts


def follow_up(
    results: Sequence[Result], alerts: Sequence[dict[str, Any]], moment: datetime
) -> None:
    """Inserts alerts, disables webhooks and cancels what waits for them, where results say so."""
    for alert in alerts:
        db.session.execute(insert(Alert).values(**alert))
    for webhook_id, of_it in sorted(_by_webhook(results).items()):
        reason = next((r.decision.disable for r in of_it if r.decision.disable), None)
        if reason and not _any_succeeded(of_it):
            _disable(webhook_id, reason, of_it[-1], moment)
    cancel_disabled({r.claim.webhook_id for r in results if r.attempt.error})


def _by_webhook(results: Sequence[Result]) -> dict[int, list[Result]]:
    found: dict[int, list[Result]] = {}
    for result in results:
        found.setdefault(result.claim.webhook_id, []).append(result)
    return found


def _changed(
    results: Sequence[Result], state: _State, moment: datetime, alerts: list[dict[str, Any]]
) -> dict[str, Any]:
    """The webhook's columns after these results; adds the alert that they cause."""
    last, since, alerted_at = results[-1], state.failing_since, state.alerted_at
    changed: dict[str, Any] = {"last": last.claim.id, "since": None, "alerted_at": None}
    # A delivery that the receiver put off has not failed until it is given up.
    counted = [r for r in results if not r.decision.hold_until or r.decision.status == "failed"]
    changed["succeeded"] = counted[-1].attempt.error is None if counted else state.last_succeeded
    if _any_succeeded(results):
        if alerted_at:
            alerts.append(_alert(state.id, "recovered", last, since or alerted_at))
        return changed
    if not counted:
        return changed | {"since": since, "alerted_at": alerted_at}
    changed["since"], changed["alerted_at"] = min(since or moment, moment), alerted_at
    given_up = any(result.decision.status == "failed" for result in results)
    if alerted_at is None and (given_up or moment - changed["since"] >= ALERT_AFTER):
        changed["alerted_at"] = moment
        if not any(result.decision.disable for result in results):  # has an alert of its own
            alerts.append(_alert(state.id, "failing", last, changed["since"]))
    return changed


def end_probes(webhook_ids: Collection[int], moment: datetime) -> None:
    """Lets the next attempt go at once where a probe was claimed and not sent."""
    is_probed = Webhook.id.in_([*webhook_ids]), Webhook.hold_reason == "probing"
    locked = select(Webhook.id).where(*is_probed).order_by(Webhook.id)
    rows = db.session.scalars(locked.with_for_update(key_share=True)).all()
    ended = update(Webhook).where(Webhook.id.in_(rows))
    db.session.execute(ended.values(held_until=moment, hold_reason="failing"))


def probe_now(webhook_id: int) -> None:
    """Lets the next attempt at a receiver that does not answer go at once: a person asks for it."""
    own = update(Webhook).where(Webhook.id == webhook_id, Webhook.hold_reason == "failing")
    db.session.execute(own.values(held_until=now()).execution_options(synchronize_session=False))


def pull_back(moment: datetime, longest: timedelta, lease: timedelta) -> None:
    """Ends holds that are longer than their reason allows: the clock was ahead."""
    until, reason = _WEBHOOKS.c.held_until, _WEBHOOKS.c.hold_reason
    pace = 2 * timedelta(milliseconds=holds.MAX_INTERVAL)
    too_late = or_(
        reason.is_(None) & (until > moment + pace),
        (reason == "limited") & (until > moment + longest),
        (reason == "failing") & (until > moment + holds.MAX_PROBE_WAIT),
        (reason == "probing") & (until > moment + lease),
    )
    ahead = update(_WEBHOOKS).where(until > moment, too_late)
    db.session.connection().execute(ahead.values(held_until=moment))


def _any_succeeded(results: Sequence[Result]) -> bool:
    return any(result.attempt.error is None for result in results)


def _alert(
    webhook_id: int, kind: str, cause: Result, since: datetime | None, **more: str
) -> dict[str, Any]:
    """The columns of an alert."""
    detail = {
        "error": cause.attempt.error,
        "status_code": cause.attempt.status_code,
        "since": since.isoformat() if since else None,
        "delivery_id": cause.claim.id,
    }
    return {"webhook_id": webhook_id, "kind": kind, "detail": detail | more}


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
        .returning(Webhook.failing_since, Webhook.public_id, Webhook.name, Webhook.url)
    ).one_or_none()
    if disabled:
        webhook_history.record([webhook_id], moment)
        title = webhook_display.titled(disabled.name, disabled.url)
        changes = {"enabled": (True, False), "disabled_reason": (None, reason)}
        audit.record("webhook.disabled", "webhook", disabled.public_id, title, changes=changes)
        alert = _alert(webhook_id, "disabled", cause, disabled.failing_since, reason=reason)
        db.session.execute(insert(Alert).values(**alert))


def cancel_disabled(webhook_ids: Collection[int]) -> None:
    """Cancels what waits for those of these webhooks that are disabled or deleted."""
    if not webhook_ids:
        return
    off = select(Webhook.id).where(Webhook.id.in_([*webhook_ids]), ~Webhook.is_active)
    for webhook_id in db.session.scalars(off).all():
        Delivery.cancel_waiting(webhook_id)
