"""Webhooks that were deleted lately: for 30 days they can be restored as they were."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models import pages
from webhooks_ui.models.pages import Page
from webhooks_ui.models.webhook import Webhook

KEPT = timedelta(days=30)
PAGE_SIZE = 25


def can_be_restored() -> ColumnElement[bool]:
    """Whether a webhook is deleted and can be restored."""
    return Webhook.deleted_at > now() - KEPT


def by_public_id(public_id: str) -> Webhook | None:
    """The deleted webhook of this public id, if it can be restored."""
    return db.session.scalar(
        select(Webhook).where(Webhook.public_id == public_id, can_be_restored())
    )


def find(number: int) -> Page[Webhook]:
    """A page of the list, the last deleted first."""
    gone = select(Webhook).where(can_be_restored())
    newest_first = gone.order_by(Webhook.deleted_at.desc(), Webhook.id.desc())
    return pages.find(newest_first, number, PAGE_SIZE)
