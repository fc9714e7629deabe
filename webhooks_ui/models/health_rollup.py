"""The past of webhooks' counts, one row for each: made anew by a worker when an hour is over."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import health_counts
from webhooks_ui.models.counters import WebhookPast
from webhooks_ui.models.id_list import among
from webhooks_ui.models.webhook import Webhook

AT_ONCE = 200  # webhooks


def make(after: int, present: datetime) -> int | None:
    """The rows of the next few webhooks above the row `after` that have none of the hour `present`;
    returns the last of them, or None when there are no more."""
    is_other = WebhookPast.hour.is_distinct_from(present)
    without = select(Webhook.id).outerjoin(WebhookPast, WebhookPast.webhook_id == Webhook.id)
    without = without.where(Webhook.id > after, Webhook.deleted_at.is_(None), is_other)
    ids = db.session.scalars(without.order_by(Webhook.id).limit(AT_ONCE)).all()
    if not ids:
        return None
    found, none = health_counts.past(ids, present), health_counts.Fares()
    pasts = [(row, found.get(row, none)) for row in ids]
    rows = [
        {"webhook_id": row, "hour": present, "counts": [past.day, past.week, past.hours]}
        for row, past in pasts
    ]
    with transaction():
        db.session.execute(_OLD, {"ids": ids})
        db.session.execute(insert(WebhookPast), rows)
    return ids[-1]


_OLD = delete(WebhookPast).where(among(WebhookPast.webhook_id))
