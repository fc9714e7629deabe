"""How the whole set-up stands at this moment: what monitoring asks again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from webhooks_ui.database.engine import db
from webhooks_ui.models.delivery import OPEN, Delivery
from webhooks_ui.models.job_run import JobRun
from webhooks_ui.models.webhook import Webhook

HEARTBEAT = "heartbeat"
BEAT_EVERY = timedelta(seconds=10)
ALIVE_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many deliveries have not ended, since when the oldest waits, how many webhooks fail."""

    waiting: int
    oldest_waiting_at: datetime | None
    failing_webhooks: int


def standing() -> Standing:
    """Read from partial indexes: its cost grows with what waits, not with what was delivered."""
    is_open = text(OPEN)
    oldest = select(Delivery.created_at).where(is_open).order_by(Delivery.id).limit(1)
    failing = select(func.count()).where(
        Webhook.failing_since.is_not(None), Webhook.enabled, Webhook.deleted_at.is_(None)
    )
    return Standing(
        db.session.scalar(select(func.count()).select_from(Delivery).where(is_open)) or 0,
        db.session.scalar(oldest),
        db.session.scalar(failing) or 0,
    )


def worker_is_up(moment: datetime) -> bool:
    """Whether a worker, here or elsewhere, has shown itself lately."""
    return abs(moment - JobRun.last_done(HEARTBEAT)) < ALIVE_FOR
