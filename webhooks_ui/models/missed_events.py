"""Events that came while a webhook was disabled or paused and that it would have got.

They have no delivery to the webhook. One that was delivered since, as by hand, is no longer
missed, so a recovery only has to remember the last event it sent. The webhook's filters are those
of now: what its owner filters out is not sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select

from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models import bounded_count, matching, webhook_history
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.event import Event
from webhooks_ui.models.keyset import row_of, span
from webhooks_ui.models.public_ids import EVENT
from webhooks_ui.models.recovery import Choice
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.text.filters import Filters, parsed

SLICE = 200  # events whose data is read together

SHOWN = timedelta(days=7)  # after its end, a pause is still spoken of


def count(choice: Choice, since: datetime, until: datetime, *, as_if_enabled: bool = False) -> int:
    """How many there are, up to `MAX_COUNTED`; 0 while the webhook is disabled."""
    found, filters = _events(choice, since, until, 0, as_if_enabled)
    if found is None:
        return 0
    if filters is None:
        return bounded_count.count(found)
    return len([*islice(_let_through(found, filters), bounded_count.MAX_COUNTED)])


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that lasts or ended within `SHOWN`, and how many events came in it, `MAX_COUNTED` at
    most. Those that were sent since are not counted."""

    since: datetime
    until: datetime
    count: int

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= bounded_count.MAX_COUNTED


def last_pause(webhook: Webhook) -> Pause | None:
    """The webhook's last pause, edits in between left out; None if it is long over."""
    found: tuple[datetime, datetime] | None = None
    for period in reversed(webhook_history.idle_periods(webhook.id)):
        if period.reason != "paused" or not period.until:
            break
        if found and period.until < found[0]:
            break
        found = period.since, max(period.until, found[1] if found else period.until)
    if found is None or found[1] < now() - SHOWN:
        return None
    choice = Choice(webhook=webhook.public_id, missed=True)
    return Pause(*found, count(choice, *found, as_if_enabled=True))


def take(choice: Choice, since: datetime, until: datetime, after: int, limit: int) -> Sequence[int]:
    """The next ones after the event row `after`, in the order in which they came."""
    found, filters = _events(choice, since, until, after)
    if found is None:
        return []
    if filters is None:
        return db.session.scalars(found.order_by(Event.id).limit(limit)).all()
    return [*islice(_let_through(found, filters), limit)]


def got(webhook_id: int | None) -> ColumnElement[bool]:
    """Whether a delivery of the event to this webhook was made."""
    return exists().where(Delivery.event_id == Event.id, Delivery.webhook_id == webhook_id)


def _let_through(found: Select[Any], filters: Filters) -> Iterator[int]:
    """The events that meet the filters, in their order; read a slice at a time."""
    after = 0
    while True:
        here = found.where(Event.id > after).order_by(Event.id).limit(SLICE)
        rows = db.session.execute(here.with_only_columns(Event.id, Event.data)).all()
        yield from (row for row, data in rows if not filters.unmet(parsed(data)))
        if len(rows) < SLICE:
            return
        after = rows[-1][0]


def _events(
    choice: Choice, since: datetime, until: datetime, after: int, as_if_enabled: bool = False
) -> tuple[Select[Any] | None, Filters | None]:
    """Their rows, None if the webhook was never disabled or paused in this span; and its filters.

    The rows are not yet filtered.
    """
    if not choice.missed:
        return None, None
    is_on = Webhook.deleted_at.is_(None) if as_if_enabled else Webhook.is_active
    own = select(Webhook.id, Webhook.filters).where(Webhook.public_id == choice.webhook, is_on)
    webhook_id, filters = db.session.execute(own).one_or_none() or (None, None)
    times = webhook_history.idle_periods(webhook_id) if webhook_id else []
    meant = [
        condition
        for off in times
        if (condition := _while(off, choice, max(since, off.since), min(until, off.until or until)))
        is not None
    ]
    if not meant:
        return None, None
    rows = select(Event.id).where(Event.id > after, or_(*meant), ~Event.test, ~got(webhook_id))
    return rows, Filters.of(filters)


def _while(
    off: webhook_history.IdlePeriod, choice: Choice, since: datetime, until: datetime
) -> ColumnElement[bool] | None:
    """What came in one period of getting nothing, by how the webhook was set up then."""
    kinds = [kind for kind in off.event_types if kind in EVENT_TYPES]
    if choice.type is not None:
        kinds = [kind for kind in kinds if kind == choice.type]
    if since >= until or not kinds:
        return None
    ids = span(Event, EVENT, since, until)
    condition = (
        Event.id.between(ids.first, ids.last)
        & matching.is_meant_for(kinds, off.channel_id)
        & (Event.created_at >= since)
        & (Event.created_at < until)
    )
    if choice.channel is not None:
        condition &= Event.channel_id == row_of(Channel.key, choice.channel)
    return condition
