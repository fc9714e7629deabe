"""What waits for a webhook: how many deliveries, and when the next of them is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, func, select, table, text

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import RowId, now
from webhooks_ui.models.delivery import PENDING, Delivery
from webhooks_ui.models.id_list import among

MAX_WAITING = 1_000  # so many that wait for one webhook are counted


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
        """Whether the next one only waits for its turn."""
        return self.next_at <= now()


def of(webhook_ids: Sequence[int]) -> dict[int, Waiting]:
    """What waits for each of these webhooks; those for which nothing waits are left out."""
    if not webhook_ids:
        return {}
    rows = db.session.execute(_WAITING, {"ids": webhook_ids}).all()
    return {row: Waiting(number, next_at) for row, number, next_at in rows if next_at}


_CHOSEN = table("webhooks", column("id", RowId))
_MINE = (text(PENDING), Delivery.webhook_id == _CHOSEN.c.id)
_SOME = select(Delivery.id).where(*_MINE).limit(MAX_WAITING).correlate(_CHOSEN).subquery()
_NEXT = select(Delivery.due_at).where(*_MINE).order_by(Delivery.due_at).limit(1)
_WAITING = select(
    _CHOSEN.c.id,
    select(func.count()).select_from(_SOME).correlate(_CHOSEN).scalar_subquery(),
    _NEXT.correlate(_CHOSEN).scalar_subquery(),
).where(among(_CHOSEN.c.id))
