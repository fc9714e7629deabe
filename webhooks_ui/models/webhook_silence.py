"""Which webhooks that work have heard nothing for a day, and since when.

The rule is `explanations.states.is_silent`. Only webhooks that work are looked up, by the index of
each one's deliveries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.explanations.states import is_silent
from webhooks_ui.models.counters import WebhookHour
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.health_counts import day_began
from webhooks_ui.models.webhook import Webhook

LOOKED_AT = 20  # of a webhook's newest deliveries, of which all may be tests


@dataclass(frozen=True, slots=True)
class Silence:
    """`since` when, by the newest event; None if none is known. `is_new`: there has been none."""

    since: datetime | None
    is_new: bool


def silences(
    webhooks: Iterable[Webhook], moment: datetime, kept_since: datetime
) -> dict[int, Silence]:
    """By webhook id, of those that are silent. Deliveries from before `kept_since` may be gone."""
    working = {one.id: one for one in webhooks if one.state == "working"}
    if not working:
        return {}
    began = day_began(moment)
    rows = db.session.execute(_NEWEST, {"ids": [*working], "first": began})
    return {
        row: Silence(newest, newest is None and not floor and working[row].created_at > kept_since)
        for row, attempted, newest, floor in rows
        if is_silent(working[row].state, attempted=attempted, last_event=newest, day_began=began)
    }


_MINE = Delivery.webhook_id == Webhook.id
_FLOOR = func.coalesce(
    select(Delivery.id)
    .where(_MINE)
    .order_by(Delivery.id.desc())
    .limit(1)
    .offset(LOOKED_AT - 1)
    .correlate(Webhook)
    .scalar_subquery(),
    0,
)
_EVENT = (
    select(Delivery.created_at)
    .where(_MINE, Delivery.id >= _FLOOR, ~Delivery.test)
    .order_by(Delivery.id.desc())
    .limit(1)
)
_ATTEMPTED = exists().where(
    WebhookHour.webhook_id == Webhook.id, WebhookHour.hour >= bindparam("first")
)
_NEWEST = select(Webhook.id, _ATTEMPTED, _EVENT.correlate(Webhook).scalar_subquery(), _FLOOR).where(
    Webhook.id.in_(bindparam("ids", expanding=True))
)
