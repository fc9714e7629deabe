"""Taking events in: an event and its deliveries are stored together, or not at all.

What `accept` returns is a promise: it has been committed, and every webhook that subscribes to the
event will get it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import EVENT_TYPES, OPERATIONAL_TYPES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal
from webhooks_ui.intake.fan_out import fan_out
from webhooks_ui.models import Channel, Event, IdempotencyKey
from webhooks_ui.models.public_ids import EVENT, new_id
from webhooks_ui.monitoring import metrics

_EVENTS = cast("Table", Event.__table__)
_TRIES = 5  # of a transaction that another one with the same key or channel got ahead of


class _RefusedError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def accept(events: Sequence[IncomingEvent]) -> list[Accepted] | Refusal:
    """Stores the events and a delivery for each webhook that subscribes; all of them or none.

    Raises SQLAlchemy's OperationalError when the database is locked, full or out of reach.
    """
    for index, event in enumerate(events):
        if event.type not in (EVENT_TYPES if event.about is None else OPERATIONAL_TYPES):
            return Refusal("unknown_type", index, _unknown(event.type))
    for attempt in range(_TRIES):
        try:
            with transaction():
                answers = _store(events)
            break
        except _RefusedError as error:
            return error.refusal
        except (IntegrityError, StaleDataError):
            if attempt == _TRIES - 1:
                raise
    fresh = [index for index, answer in enumerate(answers) if not answer.duplicate]
    deliveries = sum(answers[index].deliveries for index in fresh)
    if deliveries:
        wakeup.wake_workers()
    metrics.accepted((events[index].type for index in fresh), deliveries)
    return answers


def _unknown(type: str) -> LazyString:
    known = ", ".join(EVENT_TYPES)
    if type in OPERATIONAL_TYPES:
        return _l("Only this console sends events of this type. Yours are: %(known)s.", known=known)
    return _l("There is no event type of this name. Known are: %(known)s.", known=known)


def _store(events: Sequence[IncomingEvent]) -> list[Accepted]:
    known = _known_keys([key for event in events for key in event.keys])
    answers: list[Accepted | None] = [None] * len(events)
    fresh: dict[int, str] = {}
    for index, event in enumerate(events):
        earlier = next((known[key] for key in event.keys if key in known), None)
        if earlier is None:
            fresh[index] = public_id = new_id(EVENT)
            known |= dict.fromkeys(event.keys, (event.fingerprint, public_id, 0))
        elif earlier[0] != event.fingerprint:
            raise _RefusedError(
                Refusal(
                    "conflict",
                    index,
                    _l("This id or Idempotency-Key came before with another event. Use another."),
                )
            )
        else:
            answers[index] = Accepted(earlier[1], earlier[2], duplicate=True)
    counts = _insert(events, fresh)
    for index, answer in enumerate(answers):
        if index in fresh:
            answers[index] = Accepted(fresh[index], counts[fresh[index]], duplicate=False)
        elif answer and answer.event_id in counts:  # twice within one batch
            answers[index] = Accepted(answer.event_id, counts[answer.event_id], duplicate=True)
    return [answer for answer in answers if answer]


def _known_keys(keys: list[str]) -> dict[str, tuple[str, str, int]]:
    """Fingerprint, event id and number of deliveries for each key that came before."""
    if not keys:
        return {}
    query = select(
        IdempotencyKey.key,
        IdempotencyKey.fingerprint,
        IdempotencyKey.event_public_id,
        IdempotencyKey.deliveries,
    ).where(IdempotencyKey.key.in_(keys))
    return {key: (mark, event_id, n) for key, mark, event_id, n in db.session.execute(query)}


def _insert(events: Sequence[IncomingEvent], fresh: dict[int, str]) -> Counter[str]:
    """Inserts the events that are new, with their keys and deliveries; deliveries by event id."""
    if not fresh:
        return Counter()
    channels = _channels(events, fresh)
    moment = now()
    rows = [
        {
            "public_id": public_id,
            "type": events[index].type,
            "channel_id": channels[index][0],
            "channel": channels[index][1],
            "data": events[index].data,
            "test": False,
            "sender_id": events[index].sender_id,
            "deliveries_count": 0,
            "occurred_at": events[index].occurred_at or moment,
            "created_at": moment,
        }
        for index, public_id in fresh.items()
    ]
    returned = insert(Event).returning(Event.id, sort_by_parameter_order=True)
    ids = list(db.session.scalars(returned, rows))
    about = {row: events[index].about for row, index in zip(ids, fresh, strict=True)}
    counts = fan_out(about, moment)
    named = dict(zip(ids, fresh.values(), strict=True))
    if counts:
        db.session.connection().execute(
            update(_EVENTS)
            .where(_EVENTS.c.id == bindparam("event"))
            .values(deliveries_count=bindparam("count")),
            [{"event": event, "count": count} for event, count in counts.items()],
        )
    found = Counter({named[event]: count for event, count in counts.items()})
    _insert_keys(events, fresh, found, moment)
    return found


def _insert_keys(
    events: Sequence[IncomingEvent], fresh: dict[int, str], counts: Counter[str], moment: datetime
) -> None:
    rows = [
        {
            "key": key,
            "fingerprint": events[index].fingerprint,
            "event_public_id": public_id,
            "deliveries": counts[public_id],
            "created_at": moment,
        }
        for index, public_id in fresh.items()
        for key in events[index].keys
    ]
    if rows:
        rows.sort(key=itemgetter("key"))  # as in `_channels`
        db.session.execute(insert(IdempotencyKey), rows)


def _channels(
    events: Sequence[IncomingEvent], fresh: Iterable[int]
) -> dict[int, tuple[int | None, dict[str, Any] | None]]:
    """Row and snapshot of the channel of each new event, as it is once that event is there.

    By their keys: PostgreSQL ends one of two transactions that wait for each other's channels.
    """
    found: dict[int, tuple[int | None, dict[str, Any] | None]] = {}
    named = [(channel.key, index, channel) for index in fresh if (channel := events[index].channel)]
    for _key, index, name in sorted(named):
        stored = _channel(name, index)
        found[index] = stored.id, stored.snapshot
    return dict.fromkeys(fresh, (None, None)) | found


def _channel(named: ChannelName, index: int) -> Channel:
    """The channel that an event names: found, made or renamed."""
    channel = Channel.by_key(named.key)
    if named.name is None:
        if channel is None:
            raise _RefusedError(
                Refusal(
                    "unknown_channel",
                    index,
                    _l(
                        "No channel has the key “%(key)s”. Add it, or send its name along.",
                        key=named.key[:100],
                    ),
                )
            )
        return channel
    if channel is None:
        channel = Channel(key=named.key, name=named.name)
        db.session.add(channel)
    channel.name = named.name
    if named.kind in CHANNEL_KINDS:
        channel.kind = named.kind
    db.session.flush()
    return channel
