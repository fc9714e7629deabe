"""Alerts: a webhook that fails, was disabled or has recovered becomes an event of our own.

The engine writes an `Alert` row in the transaction of the outcome that caused it. This job passes
it to intake like any event, for every webhook that subscribes to its type except the one it is
about. Where e-mail is configured, several alerts are sent in one message. The event is emitted
exactly once, as the alert's row gives its idempotency key; the e-mail is sent at least once.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import delete, exists, select, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent, Refusal
from webhooks_ui.jobs.alert_email import AlertContext, AlertMail
from webhooks_ui.models import Alert, Delivery, Webhook, backlog
from webhooks_ui.monitoring.mail import MailError
from webhooks_ui.web.localised import isotime

MAX_IN_MAIL = 50
MAIL_GIVE_UP_AFTER = timedelta(days=1)
MAIL_BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))

log = logging.getLogger(__name__)


class Alerts:
    """The job: `step` emits one alert as an event or, when none is left, sends one e-mail."""

    def __init__(self, app: Flask, clock: Callable[[], datetime] = now) -> None:
        self._mail, self._clock = AlertMail.from_config(app.config), clock
        self._public_url: str = app.config["PUBLIC_URL"] or ""

    def is_due(self, moment: datetime, _done_at: datetime) -> bool:
        """Whether an alert is to be emitted or mailed."""
        return bool(db.session.scalar(select(exists().where(Alert.due_at <= moment))))

    def step(self) -> bool:
        """Emits one alert or sends one e-mail; returns whether there is more to do at once."""
        moment = self._clock()
        first = select(Alert).where(~Alert.emitted).order_by(Alert.id).limit(1)
        if alert := db.session.scalar(first):
            self._emit(alert)
        else:
            self._send(moment)
        return self.is_due(moment, moment)

    def _emit(self, alert: Alert) -> None:
        context = self._context(alert)
        row, is_deleted = alert.id, context.webhook.deleted_at is not None
        if not is_deleted:
            event = IncomingEvent(
                type=f"webhook_{alert.kind}",
                data=json.dumps(_payload(context), ensure_ascii=False).encode(),
                occurred_at=alert.created_at,
                # With the time, because SQLite reuses row ids.
                idempotency_key=f"{alert.id}-{isotime(alert.created_at)}",
                about=alert.webhook_id,
            )
            answer = accept.accept([event])
            # A conflict: emitted before a crash, and the payload has changed since.
            if isinstance(answer, Refusal) and answer.code != "conflict":
                log.error("Alert %s was refused by intake: %s", row, answer.detail)
        with transaction():
            if self._mail and not is_deleted:
                db.session.execute(update(Alert).where(Alert.id == row).values(emitted=True))
            else:
                db.session.execute(delete(Alert).where(Alert.id == row))

    def _send(self, moment: datetime) -> None:
        """Sends one e-mail about the alerts that are due; if it fails, all mailing is postponed."""
        due = select(Alert).where(Alert.emitted, Alert.due_at <= moment).order_by(Alert.id)
        alerts = db.session.scalars(due.limit(MAX_IN_MAIL)).all()
        if not alerts:
            return
        contexts = [self._context(alert) for alert in alerts]
        send = self._mail.composed(contexts) if self._mail else lambda: None
        these = Alert.id.in_([alert.id for alert in alerts])
        tries = max(alert.mail_tries for alert in alerts) + 1
        db.session.rollback()  # no transaction is open while the mail server is waited for
        try:
            send()
        except MailError as error:
            log.warning("E-mail about %s webhooks failed, will retry: %s", len(contexts), error)
            self._postpone(moment, tries)
        else:
            with transaction():
                db.session.execute(delete(Alert).where(these))

    def _postpone(self, moment: datetime, tries: int) -> None:
        retry_at = moment + MAIL_BACKOFF[min(tries, len(MAIL_BACKOFF)) - 1]
        expired = Alert.emitted & (Alert.created_at < moment - MAIL_GIVE_UP_AFTER)
        with transaction():
            dropped = db.session.scalars(delete(Alert).where(expired).returning(Alert.id)).all()
            mailed = update(Alert).where(Alert.emitted)
            db.session.execute(mailed.values(mail_tries=tries, due_at=retry_at))
        if dropped:
            log.error("%s alerts could not be e-mailed within a day and are dropped", len(dropped))

    def _context(self, alert: Alert) -> AlertContext:
        webhook = db.session.get_one(Webhook, alert.webhook_id)
        row = alert.detail.get("delivery_id")
        delivery = db.session.get(Delivery, row) if row else None
        waits = backlog.by_webhook([webhook.id]).get(webhook.id)
        return AlertContext(alert, webhook, delivery, waits, self._public_url)


def _payload(context: AlertContext) -> dict[str, Any]:
    """The event's `data`; its message is English whatever the console's language."""
    alert, webhook, delivery = context.alert, context.webhook, context.delivery
    detail = alert.detail
    error = delivery_facts = None
    if code := detail.get("error"):
        with force_locale("en"):
            message = context.verdict().title
        error = {"code": code, "status_code": detail.get("status_code"), "message": message}
    if delivery:
        own = delivery.public_id
        delivery_facts = {"id": own, "link": context.link("deliveries", own)}
    return {
        "event": f"webhook_{alert.kind}",
        "webhook": {
            "id": webhook.public_id,
            "name": webhook.name,
            "url": context.url,
            "link": context.link("webhooks", webhook.public_id),
        },
        "happened_at": isotime(alert.created_at),
        "failing_since": isotime(context.since) if context.since else None,
        "reason": detail.get("reason"),
        "error": error,
        "delivery": delivery_facts,
        "waiting": context.waiting.count if context.waiting else 0,
    }
