"""Changes to a channel: each is one call and one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import IntegrityError

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import webhook_history
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.webhook import Webhook


class ChannelSettings(NamedTuple):
    """What people decide about a channel, checked."""

    key: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The key is that of another channel."""

    by: Channel


def save(
    channel: Channel | None,
    settings: ChannelSettings,
    fields: Collection[str] = ChannelSettings._fields,
) -> Channel | KeyTaken | None:
    """Changes these fields of the channel or makes one; None when it was deleted meanwhile."""
    own = channel.id if channel else None
    try:
        with transaction():
            saved = db.session.get(Channel, own) if own else Channel()
            holder = Channel.by_key(settings.key) if "key" in fields else None
            if holder and holder is not saved:
                return KeyTaken(holder)
            if saved:
                for field in fields:
                    setattr(saved, field, getattr(settings, field))
                db.session.add(saved)
    except IntegrityError:  # on PostgreSQL two can come this far at once
        if holder := Channel.by_key(settings.key):
            return KeyTaken(holder)
        raise
    return saved


def delete(channel: Channel) -> Sequence[Webhook]:
    """Deletes the channel unless webhooks use it; returns those that do.

    A deleted webhook of this channel can still be restored. It then comes back disabled: without
    its channel it would send the events of all of them.
    """
    own = channel.id
    try:
        with transaction():
            found = db.session.get(Channel, own)
            if found is None:
                return []
            if listening := Webhook.of_channel(found):
                return listening
            deleted = db.session.scalars(select(Webhook).where(Webhook.channel_id == own)).all()
            for webhook in deleted:
                webhook.channel = None
                webhook.disable("manual")
            db.session.flush()
            webhook_history.record([webhook.id for webhook in deleted], now())
            db.session.delete(found)
    except IntegrityError:  # on PostgreSQL a webhook can take the channel meanwhile
        return Webhook.of_channel(channel)
    return []


def webhook_counts(ids: Sequence[int]) -> dict[int, int]:
    """How many webhooks use each of these channels that is used, by its `id`."""
    rows = db.session.execute(_COUNTS, {"ids": ids})
    return {key: count for key, count in rows if key is not None}


_COUNTS = (
    select(Webhook.channel_id, func.count())
    .where(Webhook.channel_id.in_(bindparam("ids", expanding=True)), Webhook.deleted_at.is_(None))
    .group_by(Webhook.channel_id)
)
