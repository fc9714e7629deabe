"""States: which webhooks are degraded, read from the hourly counts every few seconds.

It stands in the webhook's row, so that lists are sorted and counted without the hourly counts. Only
webhooks that failed in the last 24 hours are looked at, and those that are degraded now.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.explanations.states import is_degraded
from webhooks_ui.models import Webhook, health_counts

EVERY = timedelta(seconds=15)
BATCH = 500  # webhooks whose counts are read at once


def is_due(moment: datetime, done_at: datetime) -> bool:
    """Whether it is time, and a webhook may have become degraded or be so no longer."""
    if abs(moment - done_at) < EVERY:
        return False
    is_one = select(exists().where(Webhook.degraded))
    return bool(db.session.scalar(is_one)) or health_counts.any_failed(moment)


def step() -> bool:
    """Marks every webhook; there is never more to do at once."""
    mark(now())
    return False


def mark(moment: datetime) -> None:
    """Marks webhooks as degraded, or as so no longer, by their last 24 hours."""
    marked = set(db.session.scalars(select(Webhook.id).where(Webhook.degraded)))
    candidates = sorted(marked | set(health_counts.failed_lately(moment)))
    found = set(_degraded(candidates, moment))
    _write(found - marked, degraded=True)
    _write(marked - found, degraded=False)


def _batches(webhook_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (webhook_ids[start : start + BATCH] for start in range(0, len(webhook_ids), BATCH))


def _degraded(webhook_ids: list[int], moment: datetime) -> Iterable[int]:
    for some in _batches(webhook_ids):
        for webhook_id, day in health_counts.sums_of_day(some, moment).items():
            if is_degraded(day.attempts, day.first_attempts, day.first_delivered):
                yield webhook_id


def _write(webhook_ids: set[int], *, degraded: bool) -> None:
    for some in _batches(sorted(webhook_ids)):
        with transaction():
            changed = update(Webhook).where(Webhook.id.in_(some)).values(degraded=degraded)
            db.session.execute(changed.execution_options(synchronize_session=False))
