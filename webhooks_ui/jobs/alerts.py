"""Notices: that a webhook fails, was disabled or works again becomes an event of the console's own.

The engine leaves a row with the outcome that gave cause; here it goes through intake like any
event, to the webhooks that subscribe to its type, save the one that it is about. Where e-mail is
set up it is told so too, many notices in one message. An event is emitted once, since its key is
the notice; an e-mail is sent at least once.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import delete, exists, select, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import verdict
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent, Refusal
from webhooks_ui.jobs.alert_email import AlertContext, Mail, MailError
from webhooks_ui.models import Alert, Delivery, Webhook, backlog
from webhooks_ui.web.i18n import isotime

MAX_IN_MAIL = 50
GIVE_UP_AFTER = timedelta(days=1)  # of trying to send an e-mail
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

log = logging.getLogger(__name__)


class Notices:
    """The chore: `step` emits one notice, or when none is left sends what is to be mailed."""

    def __init__(self, mail: Mail | None, public_url: str, clock: Callable[[], datetime]) -> None:
        self._mail, self._public_url, self._clock = mail, public_url, clock

    @classmethod
    def of(cls, app: Flask, clock: Callable[[], datetime] = now) -> Self:
        """As the app's settings have it."""
        return cls(Mail.of(app.config), app.config["PUBLIC_URL"] or "", clock)

    def is_due(self, moment: datetime, _done_at: datetime) -> bool:
        """Whether a notice waits to be emitted or mailed."""
        return bool(db.session.scalar(select(exists().where(Alert.due_at <= moment))))

    def step(self) -> bool:
        """Does a little; whether there is more to do at once."""
        moment = self._clock()
        first = select(Alert).where(~Alert.emitted).order_by(Alert.id).limit(1)
        if notice := db.session.scalar(first):
            self._emit(notice)
        else:
            self._send(moment)
        return self.is_due(moment, moment)

    def _emit(self, notice: Alert) -> None:
        told = self._told(notice)
        if not told.is_deleted:
            event = IncomingEvent(
                type=f"webhook_{notice.kind}",
                data=json.dumps(self._payload(told), ensure_ascii=False).encode(),
                occurred_at=notice.created_at,
                # The row's number alone would come again: SQLite gives numbers that are free.
                idempotency_key=f"{notice.id}-{isotime(notice.created_at)}",
                about=notice.webhook_id,
            )
            answer = accept.accept([event])
            # A conflict is our own event, emitted before a crash, whose facts have changed since.
            if isinstance(answer, Refusal) and answer.code != "conflict":
                log.error("Alert %s was not taken in: %s", notice.id, answer.detail)
        mine = Alert.id == told.id
        with transaction():
            if self._mail and not told.is_deleted:
                db.session.execute(update(Alert).where(mine).values(emitted=True))
            else:
                db.session.execute(delete(Alert).where(mine))

    def _send(self, moment: datetime) -> None:
        """Sends one e-mail about what is due; when that fails, all that waits for e-mail waits."""
        due = select(Alert).where(Alert.emitted, Alert.due_at <= moment).order_by(Alert.id)
        found = db.session.scalars(due.limit(MAX_IN_MAIL)).all()
        if not found:
            return
        told = [self._told(notice) for notice in found]
        tries = max(notice.mail_tries for notice in found) + 1
        db.session.rollback()  # nothing is held while the mail server is waited for
        chosen = Alert.id.in_([one.id for one in told])
        try:
            if self._mail:
                self._mail.send(told)
        except MailError as error:
            log.warning("The e-mail about %s webhooks is not sent yet: %s", len(told), error)
            self._postpone(moment, tries)
        else:
            with transaction():
                db.session.execute(delete(Alert).where(chosen))

    def _postpone(self, moment: datetime, tries: int) -> None:
        again_at = moment + BACK_OFF[min(tries, len(BACK_OFF)) - 1]
        too_old = Alert.emitted & (Alert.created_at < moment - GIVE_UP_AFTER)
        with transaction():
            lost = db.session.scalars(delete(Alert).where(too_old).returning(Alert.id)).all()
            emitted = update(Alert).where(Alert.emitted)
            db.session.execute(emitted.values(mail_tries=tries, due_at=again_at))
        if lost:
            log.error("%s notices were not sent by e-mail within a day and are dropped", len(lost))

    def _told(self, notice: Alert) -> AlertContext:
        webhook = db.session.get_one(Webhook, notice.webhook_id)
        row = notice.detail.get("delivery_id")
        delivery = db.session.get(Delivery, row) if row else None
        waits = backlog.of([webhook.id]).get(webhook.id)
        since = notice.detail.get("since")
        return AlertContext(
            id=notice.id,
            kind=notice.kind,
            webhook_id=webhook.public_id,
            name=webhook.name,
            title=webhook.title,
            is_deleted=webhook.deleted_at is not None,
            url=webhook.shown_url.partition("?")[0],  # tokens travel in queries
            link=self._link("webhooks", webhook.public_id),
            happened_at=notice.created_at,
            since=datetime.fromisoformat(since) if since else None,
            error=notice.detail.get("error"),
            status_code=notice.detail.get("status_code"),
            facts=_facts(delivery, notice.detail.get("error")),
            reason=notice.detail.get("reason"),
            delivery_id=delivery.public_id if delivery else None,
            waiting=waits.count if waits else 0,
        )

    def _link(self, noun: str, public_id: str) -> str | None:
        return f"{self._public_url}/{noun}/{public_id}" if self._public_url else None

    def _payload(self, told: AlertContext) -> dict[str, Any]:
        """The event's data, in English: machines read it."""
        error = delivery = None
        if told.error:
            with force_locale("en"):
                words = verdict("failed", told.error, told.status_code, **told.facts).title
            error = {"code": told.error, "status_code": told.status_code, "message": words}
        if told.delivery_id:
            delivery = {"id": told.delivery_id, "link": self._link("deliveries", told.delivery_id)}
        return {
            "event": f"webhook_{told.kind}",
            "webhook": {
                "id": told.webhook_id,
                "name": told.name,
                "url": told.url,
                "link": told.link,
            },
            "happened_at": isotime(told.happened_at),
            "failing_since": isotime(told.since) if told.since else None,
            "reason": told.reason,
            "error": error,
            "delivery": delivery,
            "waiting": told.waiting,
        }


def _facts(delivery: Delivery | None, error: str | None) -> dict[str, Any]:
    """What explains the failure; nothing where the delivery has gone another way since."""
    attempt = delivery.attempt if delivery else None
    if attempt is None or attempt.error != error:
        return {}
    names = ("location", "address", "host", "timeout", "detail")
    return {name: getattr(attempt, name) for name in names}
