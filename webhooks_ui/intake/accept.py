"""Accepting events: an event and its deliveries are committed in one transaction.

What `accept` returns is committed: every webhook that subscribes to the event will get it.
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
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal, RefusalCode
from webhooks_ui.intake.fan_out import fan_out
from webhooks_ui.models import Channel, Event, IdempotencyKey
from webhooks_ui.models.public_ids import EVENT, new_id
from webhooks_ui.monitoring import metrics

_EVENTS = cast("Table", Event.__table__)
_TRIES = 5  # of a transaction that loses a race for the same key or channel


class _RefusedError(Exception):
    def __init__(self, code: RefusalCode, index: int, detail: LazyString) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, index, detail)


def accept(events: Sequence[IncomingEvent]) -> list[Accepted] | Refusal:
    """Stores the events, and a delivery for each subscribed webhook; all of them or none.

    Raises SQLAlchemy's OperationalError when the database is locked, full or unreachable.
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
    fresh = [(event, a) for event, a in zip(events, answers, strict=True) if not a.duplicate]
    deliveries = sum(answer.deliveries for _event, answer in fresh)
    if deliveries:
        wakeup.wake_workers()
    metrics.accepted((event.type for event, _answer in fresh), deliveries)
    return answers


def _unknown(type: str) -> LazyString:
    known = ", ".join(EVENT_TYPES)
    if type in OPERATIONAL_TYPES:
        return _l("Only this console sends events of this type. Yours are: %(known)s.", known=known)
    return _l("There is no event type of this name. Known are: %(known)s.", known=known)


def _store(events: Sequence[IncomingEvent]) -> list[Accepted]:
    known = _known_keys([key for event in events for key in event.keys])
    found: list[tuple[str, str, int]] = []
    fresh: dict[int, str] = {}
    for index, event in enumerate(events):
        earlier = next((known[key] for key in event.keys if key in known), None)
        if earlier is None:
            fresh[index] = public_id = new_id(EVENT)
            earlier = event.fingerprint, public_id, 0
            known |= dict.fromkeys(event.keys, earlier)
        elif earlier[0] != event.fingerprint:
            raise _RefusedError(
                "conflict",
                index,
                _l("This id or Idempotency-Key came before with another event. Use another."),
            )
        found.append(earlier)
    counts = _insert(events, fresh)
    return [
        Accepted(public_id, counts.get(public_id, deliveries), duplicate=index not in fresh)
        for index, (_fingerprint, public_id, deliveries) in enumerate(found)
    ]


def _known_keys(keys: list[str]) -> dict[str, tuple[str, str, int]]:
    """Fingerprint, event id and number of deliveries by idempotency key, for keys seen before."""
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
    """Inserts new events with their keys and deliveries; returns delivery counts by event id."""
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
        rows.sort(key=itemgetter("key"))  # the same order of locks in every transaction
        db.session.execute(insert(IdempotencyKey), rows)


def _channels(
    events: Sequence[IncomingEvent], fresh: Iterable[int]
) -> dict[int, tuple[int | None, dict[str, Any] | None]]:
    """Row id and snapshot of each new event's channel, by the event's index.

    They are found by one query and written by one flush, which locks rows in the same order in
    every transaction (changed ones by id, then new ones by key), so that two cannot deadlock.
    """
    named = [(channel.key, index, channel) for index in fresh if (channel := events[index].channel)]
    known = {channel.key: channel for channel in Channel.by_keys({key for key, _, _ in named})}
    found: dict[int, tuple[Channel, dict[str, Any]]] = {}
    for _key, index, name in sorted(named):
        row = _channel(known, name, index)
        found[index] = row, row.snapshot
    db.session.flush()
    return {
        index: (found[index][0].id, found[index][1]) if index in found else (None, None)
        for index in fresh
    }


def _channel(known: dict[str, Channel], named: ChannelName, index: int) -> Channel:
    """The channel that an event names: found, created or renamed."""
    channel = known.get(named.key)
    if named.name is None:
        if channel is None:
            raise _RefusedError(
                "unknown_channel",
                index,
                _l(
                    "No channel has the key “%(key)s”. Add it, or send its name along.",
                    key=named.key[:100],
                ),
            )
        return channel
    if channel is None:
        channel = known[named.key] = Channel(key=named.key, kind="other")
        db.session.add(channel)
    channel.name = named.name
    if named.kind in CHANNEL_KINDS:
        channel.kind = named.kind
    return channel
