"""A delivery as a line of a list: with its last attempt, its webhook and its event, read at once.

Columns instead of models: a page of fifty is read in one statement, in a fraction of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, bindparam, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.explanations import verdicts
from webhooks_ui.models.delivery import Attempt, Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_display import shown_url, titled


class LastAttempt(NamedTuple):
    """What a list tells of the last attempt."""

    status_code: int | None
    reason: str
    duration_ms: int
    error: str | None
    location: str | None
    detail: str


class NamedWebhook(NamedTuple):
    """What a list tells of the webhook."""

    id: int
    public_id: str
    name: str
    url: str
    enabled: bool
    deleted_at: datetime | None

    @property
    def title(self) -> str:
        """As `Webhook.title`."""
        return titled(self.name, self.url)

    @property
    def shown_url(self) -> str:
        """As `Webhook.shown_url`."""
        return shown_url(self.url)


class NamedEvent(NamedTuple):
    """What a list tells of the event."""

    public_id: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """Named as in `Delivery`, of which it is a part."""

    id: int
    public_id: str
    type: str
    channel_id: int | None
    test: bool
    resend_of_id: int | None
    recovery_id: int | None
    status: str
    due_at: datetime | None
    attempts_made: int
    error: str | None
    lease_until: datetime | None
    created_at: datetime
    finished_at: datetime | None
    attempt: LastAttempt | None
    webhook: NamedWebhook | None
    event: NamedEvent

    @property
    def is_due(self) -> bool:
        """As `Delivery.is_due`."""
        return self.due_at is not None and self.due_at <= now()

    @property
    def headline(self) -> verdicts.Headline:
        """What came of it, in few words."""
        return headline(self.status, self.lease_until, self.attempt)


def headline(
    status: str, lease_until: datetime | None, last: LastAttempt | None
) -> verdicts.Headline:
    """What came of a delivery, in few words."""
    if status == "delivering" and lease_until and lease_until < now():
        return verdicts.Headline("bad", verdicts.interrupted().title)
    if last is None:
        return verdicts.headline(status, None, None, None, "")
    return verdicts.headline(status, last.error, last.status_code, last.location, last.detail)


def load(ids: Sequence[int]) -> list[DeliveryLine]:
    """These deliveries, in the given order."""
    if not ids:
        return []
    rows = db.session.execute(_LINES, {"ids": ids})
    by_id = {row[0]: _line(row) for row in rows}
    return [by_id[row] for row in ids if row in by_id]


def newest_of(webhook_id: int, most: int) -> list[DeliveryLine]:
    """The newest deliveries to a webhook, the newest first."""
    own = select(Delivery.id).where(Delivery.webhook_id == webhook_id)
    return load(db.session.scalars(own.order_by(Delivery.id.desc()).limit(most)).all())


_OWN = tuple(getattr(Delivery, field.name) for field in fields(DeliveryLine)[:-3])
_PARTS = tuple(
    tuple(getattr(model, name) for name in part._fields)
    for model, part in ((Attempt, LastAttempt), (Webhook, NamedWebhook), (Event, NamedEvent))
)
ATTEMPT = _PARTS[0]
IS_LAST = and_(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempts_made)
_LINES = (
    select(*_OWN, *(column for part in _PARTS for column in part))
    .outerjoin(Attempt, IS_LAST)
    .outerjoin(Webhook, Webhook.id == Delivery.webhook_id)
    .join(Event, Event.id == Delivery.event_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
)
_ATTEMPT = slice(len(_OWN), len(_OWN) + len(_PARTS[0]))
_WEBHOOK = slice(_ATTEMPT.stop, _ATTEMPT.stop + len(_PARTS[1]))


def _line(row: Row[Any]) -> DeliveryLine:
    attempt, webhook = LastAttempt(*row[_ATTEMPT]), NamedWebhook(*row[_WEBHOOK])
    whole: list[Any] = [*row[: _ATTEMPT.start]]
    whole.append(None if attempt.duration_ms is None else attempt)
    whole.append(None if webhook.public_id is None else webhook)
    whole.append(NamedEvent(*row[_WEBHOOK.stop :]))
    return DeliveryLine(*whole)
