"""What was not delivered and can be sent again: counted for a preview, taken in small pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select, text, union_all
from sqlalchemy.orm import aliased

from webhooks_ui.database.engine import db
from webhooks_ui.models import missed_events
from webhooks_ui.models.bounded_count import MAX_COUNTED
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.keyset import newest_row
from webhooks_ui.models.recovery import Choice
from webhooks_ui.models.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Part:
    """What of a preview is one webhook's, by its row."""

    webhook_id: int
    count: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Preview:
    """How many deliveries would be sent again, and how many undelivered ones are left out, of each
    webhook, most first.

    The oldest `MAX_COUNTED` undelivered ones are examined. `last_row` is the newest delivery.
    `missed` are events that came while the webhook was disabled.
    """

    parts: Sequence[Part]
    last_row: int
    missed: int

    @property
    def count(self) -> int:
        """How many deliveries would be sent again."""
        return sum(part.count for part in self.parts)

    @property
    def left_out(self) -> int:
        """How many are undelivered, and would not be."""
        return sum(part.left_out for part in self.parts)

    @property
    def is_more(self) -> bool:
        """Whether there are more than were examined."""
        return self.count + self.left_out >= MAX_COUNTED or self.missed >= MAX_COUNTED

    @property
    def total(self) -> int:
        """How many would be sent, of those that were counted."""
        return self.count + self.missed


def preview(
    choice: Choice, since: datetime, until: datetime, *, as_if_enabled: bool = False
) -> Preview:
    """What a recovery of this choice would send again now, or if its webhook were enabled."""
    last_row = newest_row(Delivery)
    undelivered = _rows(choice, since, until, 0, last_row, MAX_COUNTED)
    seen = undelivered.subquery()
    wanted = func.count(case((wants(as_if_enabled=as_if_enabled), 1)))
    counts = select(Delivery.webhook_id, wanted, func.count() - wanted)
    counts = counts.join(seen, seen.c.id == Delivery.id).group_by(Delivery.webhook_id)
    rows = db.session.execute(counts.order_by(wanted.desc(), Delivery.webhook_id))
    missed = missed_events.count(choice, since, until, as_if_enabled=as_if_enabled)
    parts = [Part(webhook, *counts) for webhook, *counts in rows if webhook]
    return Preview(parts, last_row, missed)


def take(
    choice: Choice, since: datetime, until: datetime, after: int, last_row: int, limit: int
) -> list[tuple[int, bool]]:
    """The next undelivered ones in row order, and whether each is to be sent again."""
    seen = _rows(choice, since, until, after, last_row, limit).subquery()
    rows = select(Delivery.id, wants()).join(seen, seen.c.id == Delivery.id).order_by(Delivery.id)
    return [(row, bool(wanted)) for row, wanted in db.session.execute(rows)]


def wants(*, as_if_enabled: bool = False) -> ColumnElement[bool]:
    """Whether an undelivered one is to be sent again: its webhook is enabled, and no other delivery
    of the event to it has succeeded, is open, or failed later."""
    other = aliased(Delivery)
    settled = exists().where(
        other.event_id == Delivery.event_id,
        other.webhook_id == Delivery.webhook_id,
        other.id != Delivery.id,
        or_(other.id > Delivery.id, other.status.in_(("pending", "delivering", "succeeded"))),
    )
    can_get = Webhook.deleted_at.is_(None) if as_if_enabled else Webhook.is_active
    is_active = exists().where(Webhook.id == Delivery.webhook_id, can_get)
    return ~Delivery.test & is_active & ~settled


def _rows(
    choice: Choice, since: datetime, until: datetime, after: int, last_row: int, limit: int
) -> Select[Any]:
    """Ids of undelivered ones from a row on, index by index."""
    chosen = DeliveryFilter(
        webhook=choice.webhook,
        type=choice.type,
        channel=choice.channel,
        error=choice.error,
        test=False,
        since=since,
        until=until,
    )
    ids = chosen.rows().between(after, last_row + 1)
    conditions = [Delivery.id >= ids.first, Delivery.id <= ids.last, *chosen.conditions()]
    if choice.left_out:
        others = select(Webhook.id).where(Webhook.public_id.in_(choice.left_out))
        conditions.append(Delivery.webhook_id.not_in(others))
    parts = [
        select(
            select(Delivery.id)
            .where(text(f"deliveries.status = '{status}'"), *conditions)
            .order_by(Delivery.id)
            .limit(limit)
            .subquery()
        )
        for status in choice.statuses
    ]
    both = union_all(*parts).subquery()
    return select(both.c.id).order_by(both.c.id).limit(limit)
