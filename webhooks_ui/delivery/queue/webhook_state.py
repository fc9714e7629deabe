"""What results mean for their webhooks: the last one, failing since, disabled, alerts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update

from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue.claims import Result
from webhooks_ui.models import Alert, Delivery, Webhook, webhook_history

ALERT_AFTER = timedelta(minutes=15)  # of failing; or as soon as one delivery is given up

_WEBHOOKS = cast("Table", Webhook.__table__)
_UPDATE = (
    update(_WEBHOOKS)
    .where(_WEBHOOKS.c.id == bindparam("row"))
    .values(
        last_delivery_id=bindparam("last"),
        last_succeeded=bindparam("succeeded"),
        failing_since=bindparam("since"),
        failing_noticed_at=bindparam("alerted_at"),
    )
)
# FOR NO KEY UPDATE: events that refer to these webhooks are taken in meanwhile.
_STATE = (
    select(_WEBHOOKS.c.id, _WEBHOOKS.c.failing_since, _WEBHOOKS.c.failing_noticed_at)
    .where(_WEBHOOKS.c.id.in_(bindparam("rows", expanding=True)))
    .order_by(_WEBHOOKS.c.id)
    .with_for_update(key_share=True)
)


def update_webhooks(results: Sequence[Result], moment: datetime) -> None:
    """Writes what results mean for their webhooks, in the transaction that records them."""
    by_webhook: dict[int, list[Result]] = {}
    for result in results:
        by_webhook.setdefault(result.claim.webhook_id, []).append(result)
    if not by_webhook:
        return
    connection = db.session.connection()
    found = connection.execute(_STATE, {"rows": [*by_webhook]}).all()
    changes = [
        {"row": webhook_id}
        | _changed(webhook_id, by_webhook[webhook_id], since, alerted_at, moment)
        for webhook_id, since, alerted_at in found
    ]
    if changes:
        connection.execute(_UPDATE, changes)
    for webhook_id, of_it in sorted(by_webhook.items()):
        reason = next((r.decision.disable for r in of_it if r.decision.disable), None)
        if reason and not _any_succeeded(of_it):
            _disable(webhook_id, reason, of_it[-1], moment)
    cancel_disabled({r.claim.webhook_id for r in results if r.attempt.error})


def _changed(
    webhook_id: int,
    results: Sequence[Result],
    since: datetime | None,
    alerted_at: datetime | None,
    moment: datetime,
) -> dict[str, Any]:
    """The webhook's columns after these results; inserts the alert that they cause."""
    last = results[-1]
    changed: dict[str, Any] = {"last": last.claim.id, "since": None, "alerted_at": None}
    changed["succeeded"] = last.attempt.error is None
    if _any_succeeded(results):
        if alerted_at:
            _insert_alert(webhook_id, "recovered", last, since or alerted_at)
        return changed
    changed["since"], changed["alerted_at"] = since or moment, alerted_at
    given_up = any(result.decision.status == "failed" for result in results)
    if alerted_at is None and (given_up or moment - changed["since"] >= ALERT_AFTER):
        changed["alerted_at"] = moment
        if not any(result.decision.disable for result in results):  # has an alert of its own
            _insert_alert(webhook_id, "failing", last, changed["since"])
    return changed


def _any_succeeded(results: Sequence[Result]) -> bool:
    return any(result.attempt.error is None for result in results)


def _insert_alert(
    webhook_id: int, kind: str, cause: Result, since: datetime | None, **more: str
) -> None:
    """Inserts an alert, to be sent once this is committed."""
    detail = {
        "error": cause.attempt.error,
        "status_code": cause.attempt.status_code,
        "since": since.isoformat() if since else None,
        "delivery_id": cause.claim.id,
    }
    db.session.execute(insert(Alert).values(webhook_id=webhook_id, kind=kind, detail=detail | more))


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
        webhook_history.record([webhook_id], moment)
        _insert_alert(webhook_id, "disabled", cause, disabled.failing_since, reason=reason)


def cancel_disabled(webhook_ids: Collection[int]) -> None:
    """Cancels what waits for those of these webhooks that are disabled or deleted."""
    if not webhook_ids:
        return
    off = select(Webhook.id).where(
        Webhook.id.in_([*webhook_ids]), (~Webhook.enabled) | Webhook.deleted_at.is_not(None)
    )
    for webhook_id in db.session.scalars(off).all():
        Delivery.cancel_waiting(webhook_id)
