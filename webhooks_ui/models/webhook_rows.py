"""Webhooks as the list shows them: with channel, events, last delivery and its last attempt."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, lazyload

from webhooks_ui.database.engine import db
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.delivery_rows import SHOWN_OF_ATTEMPT
from webhooks_ui.models.keyset import in_order
from webhooks_ui.models.webhook import Webhook

_LAST = joinedload(Webhook.last_delivery)
_ROWS = (
    select(Webhook)
    .where(Webhook.id.in_(bindparam("ids", expanding=True)))
    .options(
        lazyload(Webhook.updated_by),
        _LAST.lazyload(Delivery.attempts),
        _LAST.joinedload(Delivery.last_attempt).load_only(*SHOWN_OF_ATTEMPT),
    )
)


def load(ids: Sequence[int]) -> list[Webhook]:
    """These webhooks, in the given order."""
    return in_order(ids, db.session.scalars(_ROWS, {"ids": ids}))
