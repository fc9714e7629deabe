"""Taking events in: an event and its deliveries are stored together, or not at all.

What `accept` returns is a promise: it has been committed, and every webhook that subscribes to the
event will get it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal, cast

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from webhooks_ui import metrics
from webhooks_ui.catalogue import CHANNEL_KINDS, EVENT_TYPES, OPERATIONAL_TYPES
from webhooks_ui.database import EPOCH, db, now, transaction
from webhooks_ui.delivery import wake
from webhooks_ui.ids import DELIVERY, EVENT, new_id
from webhooks_ui.models import (
    Channel,
    Delivery,
    Event,
    IdempotencyKey,
    Webhook,
    WebhookEvent,
)

_EVENTS = cast("Table", Event.__table__)
_TRIES = 5  # of a transaction that another one with the same key or channel got ahead of


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel as an event names it; with a name, it is made or renamed."""

    key: str
    name: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event as its sender gives it. `data` are the exact bytes of a JSON object.

    `about` is the row of the webhook that an event of the console's own is about, which does not
    get it itself; with it, operational types are taken and the keys are none of other senders.
    """

    type: str
    data: bytes
    channel: ChannelName | None = None
    occurred_at: datetime | None = None
    sender_id: str | None = None
    idempotency_key: str | None = None
    about: int | None = None

    @property
    def keys(self) -> list[str]:
        """What tells this event from others, by its sender."""
        kind = "key" if self.about is None else "own"
        given = (("id", self.sender_id), (kind, self.idempotency_key))
        return [f"{kind}:{text}" for kind, text in given if text]

    @property
    def fingerprint(self) -> str:
        """Equal for the same event sent again."""
        channel = self.channel and (self.channel.key, self.channel.name, self.channel.kind)
        moment = self.occurred_at and self.occurred_at.isoformat()
        head = json.dumps([self.type, channel, moment]).encode()
        return hashlib.sha256(head + b"\0" + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an event: the same one each time that it is sent."""

    event_id: str
    deliveries: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was stored: what is wrong with the event at `index`."""

    code: Literal["unknown_type", "unknown_channel", "conflict"]
    index: int
    detail: LazyString


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
        wake.workers()
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
    counts = _fan_out(about, moment)
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


def _fan_out(about: dict[int, int | None], moment: datetime) -> Counter[int]:
    """One delivery for each event and webhook that subscribes to it; how many for each event.

    `about` has the events' rows, each with the webhook that it is about, which does not get it.
    Due at once whatever the clock does: the epoch is never in the future.
    """
    chosen = (
        select(
            _delivery_id(),
            Event.id,
            Webhook.id,
            Event.type,
            Event.channel_id,
            literal(False),
            literal("pending"),
            literal(EPOCH, Delivery.due_at.type),
            literal(0),
            literal(0),
            literal(moment, Delivery.created_at.type),
        )
        .join(WebhookEvent, WebhookEvent.type == Event.type)
        .join(Webhook, Webhook.id == WebhookEvent.webhook_id)
        .where(
            Event.id.in_(about),
            *(or_(Event.id != row, Webhook.id != own) for row, own in about.items() if own),
            Webhook.enabled,
            Webhook.deleted_at.is_(None),
            or_(Webhook.channel_id.is_(None), Webhook.channel_id == Event.channel_id),
        )
        .order_by(Event.id, Webhook.id)
    )
    columns = [
        "public_id",
        "event_id",
        "webhook_id",
        "type",
        "channel_id",
        "test",
        "status",
        "due_at",
        "claims",
        "attempts_made",
        "created_at",
    ]
    filled = insert(Delivery).from_select(columns, chosen, include_defaults=False)
    return Counter(db.session.scalars(filled.returning(Delivery.event_id)))


def _delivery_id() -> ColumnElement[str]:
    """A new public id in SQL: the event's moment and 64 random bits, in the shape of a ULID."""
    if db.session.get_bind().dialect.name == "sqlite":
        random: ColumnElement[str] = func.lower(func.hex(func.randomblob(8)))
    else:
        uuid = func.replace(sql_cast(func.gen_random_uuid(), String), "-", "")
        random = func.substr(uuid, 1, 12).op("||")(
            func.substr(uuid, 29, 4)
        )  # without the fixed bits
    return literal(f"{DELIVERY}_") + func.substr(Event.public_id, len(EVENT) + 2, 10) + random


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
