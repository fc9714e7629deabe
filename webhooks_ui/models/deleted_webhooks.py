"""Webhooks that were deleted lately: for 30 days they can be restored as they were."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models.pages import Page, within
from webhooks_ui.models.user import User
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_display import Titled

KEPT = timedelta(days=30)
PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class DeletedWebhook(Titled):
    """A line of the list; `deleted_by` is a login, None for the API and for users removed since."""

    public_id: str
    name: str
    url: str
    deleted_at: datetime
    deleted_by: str | None

    @property
    def kept_until(self) -> datetime:
        """When it cannot be restored any more."""
        return self.deleted_at + KEPT


def can_be_restored() -> ColumnElement[bool]:
    """Whether a webhook is deleted and can be restored."""
    return Webhook.deleted_at > now() - KEPT


def by_public_id(public_id: str) -> Webhook | None:
    """The deleted webhook of this public id, if it can be restored."""
    return db.session.scalar(
        select(Webhook).where(Webhook.public_id == public_id, can_be_restored())
    )


def find(number: int) -> Page[DeletedWebhook]:
    """A page of the list, the last deleted first."""
    total = db.session.scalar(select(func.count(Webhook.id)).where(can_be_restored())) or 0
    number = within(number, total, PAGE_SIZE)
    columns = (Webhook.public_id, Webhook.name, Webhook.url, Webhook.deleted_at)
    rows = db.session.execute(
        select(*columns, User.login.label("deleted_by"))
        .outerjoin(User, User.id == Webhook.updated_by_id)
        .where(can_be_restored())
        .order_by(Webhook.deleted_at.desc(), Webhook.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page([DeletedWebhook(**row._asdict()) for row in rows], total, number, PAGE_SIZE)
