"""The deliveries, narrowed: which of them a list shows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager, joinedload, lazyload

from webhooks_ui.database import db
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Attempt, Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.webhook import Webhook

STATUSES = ("pending", "delivering", "succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What narrows the list; None is everything. Webhooks and events go by their public ids."""

    status: str | None = None
    webhook: str | None = None
    event: str | None = None
    type: str | None = None
    channel: str | None = None
    test: bool | None = None

    def select(self) -> Select[Any]:
        """The deliveries with their events and webhooks, without their attempts."""
        query = (
            select(Delivery)
            .join(Delivery.event)
            .options(
                contains_eager(Delivery.event),
                joinedload(Delivery.webhook).lazyload("*"),
                lazyload(Delivery.attempts),
            )
        )
        if self.status is not None:
            query = query.where(Delivery.status == self.status)
        if self.webhook is not None:
            own = select(Webhook.id).where(Webhook.public_id == self.webhook)
            query = query.where(Delivery.webhook_id == own.scalar_subquery())
        if self.event is not None:
            query = query.where(Event.public_id == self.event)
        if self.type is not None:
            query = query.where(Delivery.type == self.type)
        if self.channel is not None:
            own = select(Channel.id).where(Channel.key == self.channel)
            query = query.where(Delivery.channel_id == own.scalar_subquery())
        return query if self.test is None else query.where(Delivery.test.is_(self.test))


def attempt_counts(deliveries: list[Delivery]) -> dict[int, int]:
    """How many attempts were made at each, by its `id`; those without any are not named."""
    ids = [delivery.id for delivery in deliveries]
    counted = (
        select(Attempt.delivery_id, func.count())
        .where(Attempt.delivery_id.in_(ids))
        .group_by(Attempt.delivery_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}
