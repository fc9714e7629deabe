"""A delivery as a row of a list: with its last attempt, its webhook and its event, read at once.

Columns instead of models: a page of fifty is read in one statement, in a fraction of the time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, select
from sqlalchemy.orm import Bundle, aliased

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.keyset import in_order
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_display import shown_url, titled


class Part(Bundle[Any]):
    """The columns of `model` that `kind`, a NamedTuple, names, read as one of it.

    None where an outer join found no row: the first column is one that is never null.
    """

    def __init__(self, kind: Any, model: Any) -> None:
        super().__init__(kind.__name__, *(getattr(model, name) for name in kind._fields))
        self._kind = kind

    def create_row_processor(
        self,
        query: Select[Any],
        procs: Sequence[Callable[[Row[Any]], Any]],
        labels: Sequence[str],
    ) -> Callable[[Row[Any]], Any]:
        """Called by SQLAlchemy once for each statement."""
        kind = self._kind

        def read(row: Row[Any]) -> Any:
            values = [read_column(row) for read_column in procs]
            return None if values[0] is None else kind(*values)

        return read


class LastAttempt(NamedTuple):
    """What a list shows of the last attempt."""

    duration_ms: int
    status_code: int | None
    reason: str
    error: str | None
    location: str | None
    detail: str


class NamedWebhook(NamedTuple):
    """What a list shows of the webhook."""

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
    """What a list shows of the event."""

    public_id: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """Columns of `Delivery`, with its parts."""

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
    own_message_id: str | None
    repeats: str | None
    attempt: LastAttempt | None
    webhook: NamedWebhook | None
    event: NamedEvent

    @property
    def message_id(self) -> str:
        """As `Delivery.message_id`."""
        return self.own_message_id or self.public_id

    @property
    def is_due(self) -> bool:
        """As `Delivery.is_due`."""
        return self.due_at is not None and self.due_at <= now()


PARTS = {
    "attempt": Part(LastAttempt, Attempt),
    "webhook": Part(NamedWebhook, Webhook),
    "event": Part(NamedEvent, Event),
}
IS_LAST = and_(Attempt.delivery_id == Delivery.id, Attempt.number == Delivery.attempts_made)
_OWN = [field.name for field in fields(DeliveryRow) if field.name not in (*PARTS, "repeats")]
_ORIGINAL = aliased(Delivery)
_REPEATS = select(_ORIGINAL.public_id).where(_ORIGINAL.id == Delivery.resend_of_id)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_ROWS: Select[*tuple[Any, ...]] = (
    select(
        Bundle("own", *(getattr(Delivery, name) for name in _OWN)),
        _REPEATS.correlate(Delivery).scalar_subquery().label("repeats"),
        *PARTS.values(),
    )
    # The ids once more: by them PostgreSQL knows which partitions to plan for.
    .outerjoin(Attempt, and_(IS_LAST, Attempt.delivery_id.in_(_IDS)))
    .outerjoin(Webhook, Webhook.id == Delivery.webhook_id)
    .join(Event, Event.id == Delivery.event_id)
    .where(Delivery.id.in_(_IDS))
)


def load(ids: Sequence[int]) -> list[DeliveryRow]:
    """These deliveries, in the given order."""
    rows = (
        DeliveryRow(
            **row.own._asdict(),
            repeats=row.repeats,
            attempt=row.LastAttempt,
            webhook=row.NamedWebhook,
            event=row.NamedEvent,
        )
        for row in db.session.execute(_ROWS, {"ids": ids})
    )
    return in_order(ids, rows)


def newest_of(webhook_id: int, limit: int) -> list[DeliveryRow]:
    """The newest deliveries to a webhook, the newest first."""
    own = select(Delivery.id).where(Delivery.webhook_id == webhook_id)
    return load(db.session.scalars(own.order_by(Delivery.id.desc()).limit(limit)).all())
