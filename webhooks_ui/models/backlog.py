"""Waiting deliveries: by webhook, and in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, column, exists, func, select, table, text

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import RowId, now
from webhooks_ui.models import bounded_count
from webhooks_ui.models.delivery import OPEN, PENDING, Delivery
from webhooks_ui.models.webhook import Webhook

MAX_WAITING = 1_000  # counted for one webhook: a page counts them for 25


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries wait for a webhook, up to `MAX_WAITING`, and when the next is due."""

    count: int
    next_at: datetime

    @property
    def is_more(self) -> bool:
        """Whether more may wait than were counted."""
        return self.count == MAX_WAITING

    @property
    def is_due(self) -> bool:
        """Whether the next one is due and waits for a worker."""
        return self.next_at <= now()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries are open, when the oldest was made, and how many webhooks fail."""

    waiting: int
    oldest_at: datetime | None
    failing_webhooks: int


def by_webhook(webhook_ids: Sequence[int]) -> dict[int, Waiting]:
    """Waiting deliveries by webhook id; webhooks without any are left out."""
    rows = db.session.execute(_WAITING, {"ids": webhook_ids}).all()
    return {row: Waiting(number, next_at) for row, number, next_at in rows if next_at}


def total(limit: int | None = None) -> Backlog:
    """The whole backlog, `limit` deliveries at most.

    Read from partial indexes: the cost grows with what waits, not with what was delivered.
    """
    return Backlog(*db.session.execute(_total(limit)).one())


def overdue(before: datetime) -> int:
    """How many deliveries could have been sent before that time, up to `MAX_WAITING`.

    A new delivery is due from the epoch on; a webhook that is held waits for its receiver, a
    paused one for its time.
    """
    waits = (Webhook.held_until > before) | (Webhook.paused_until > before)
    held = exists().where(Webhook.id == Delivery.webhook_id, waits)
    could = (Delivery.due_at < before, Delivery.created_at < before, ~held)
    return bounded_count.count(select(Delivery.id).where(text(PENDING), *could), MAX_WAITING)


def limited_webhooks() -> int:
    """How many webhooks wait now, as their receiver asked."""
    limited = (Webhook.hold_reason == "limited", Webhook.held_until > now(), Webhook.is_active)
    return db.session.scalar(select(func.count(Webhook.id)).where(*limited)) or 0


@cache
def _total(limit: int | None) -> Select[Any]:
    is_open = select(Delivery.id).where(text(OPEN))
    oldest = is_open.with_only_columns(Delivery.created_at).order_by(Delivery.id).limit(1)
    failing = select(func.count(Webhook.id)).where(
        Webhook.failing_since.is_not(None), Webhook.is_active
    )
    return select(
        bounded_count.counted(is_open, limit), oldest.scalar_subquery(), failing.scalar_subquery()
    )


_CHOSEN = table("webhooks", column("id", RowId))
_MINE = (text(PENDING), Delivery.webhook_id == _CHOSEN.c.id)
_SOME = select(Delivery.id).where(*_MINE).limit(MAX_WAITING).correlate(_CHOSEN).subquery()
_NEXT = select(Delivery.due_at).where(*_MINE).order_by(Delivery.due_at).limit(1)
_WAITING = select(
    _CHOSEN.c.id,
    select(func.count()).select_from(_SOME).correlate(_CHOSEN).scalar_subquery(),
    _NEXT.correlate(_CHOSEN).scalar_subquery(),
).where(_CHOSEN.c.id.in_(bindparam("ids", expanding=True)))
