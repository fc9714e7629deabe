"""The statements that store events, written out once for each kind of database.

They come from the models and from `models.matching`; only where the new rows are read from differs:
SQLite has them as VALUES, PostgreSQL as arrays, and there all of it is one statement.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Dialect,
    FromClause,
    Insert,
    String,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
)

from webhooks_ui.database.types import EPOCH
from webhooks_ui.delivery.queue.wakeup import CHANNEL
from webhooks_ui.models import Delivery, Event, IdempotencyKey, Webhook, matching
from webhooks_ui.models.public_ids import DELIVERY, EVENT
from webhooks_ui.models.webhook import WebhookEvent

EVENT_COLUMNS = {
    "public_id": "text",
    "type": "text",
    "channel_id": "bigint",
    "channel": "text",
    "data": "bytea",
    "sender_id": "text",
    "traceparent": "text",
    "occurred_at": "bigint",
    "created_at": "bigint",
}
"""What is given of each event, with PostgreSQL's types."""
PART = 500
"""Deliveries that are made in one transaction; of events with more, all are made in parts."""
KEY_COLUMNS = ("key", "fingerprint", "event_id")
_IS_NOT_LEFT_OUT: ColumnElement[bool] = literal_column("webhooks.id NOT IN :without", Boolean)
_NEW = table("new", *map(column, EVENT_COLUMNS), column("number"))
_GIVEN = table("given", *map(column, KEY_COLUMNS))


def _is_meant(event: FromClause) -> tuple[ColumnElement[bool], ...]:
    """The webhooks that get an event; those in `without` do not, see `filtering`."""
    subscribed = WebhookEvent.type == event.c.type, Webhook.id == WebhookEvent.webhook_id
    rule = matching.is_recipient(event.c.channel_id, event.c.created_at)
    return *subscribed, rule, _IS_NOT_LEFT_OUT


def _events(dialect: Dialect) -> Insert:
    is_json = dialect.name == "postgresql"
    meant = select(func.count(Webhook.id))
    columns: dict[str, Any] = {name: _NEW.c[name] for name in EVENT_COLUMNS}
    columns |= {
        "channel": cast(_NEW.c.channel, JSON) if is_json else _NEW.c.channel,
        "test": literal(value=False),
        "deliveries_count": meant.where(*_is_meant(_NEW)).scalar_subquery(),
    }
    rows = select(*columns.values()).order_by(_NEW.c.number)
    return insert(Event).from_select([*columns], rows, include_defaults=False)


def _deliveries(events: FromClause, dialect: Dialect, *chosen: ColumnElement[bool]) -> Insert:
    """`due_at` is the epoch: due at once, even if the clock is set back."""
    columns: dict[str, Any] = {
        "public_id": _delivery_id(events, dialect),
        "event_id": events.c.id,
        "webhook_id": Webhook.id,
        "type": events.c.type,
        "channel_id": events.c.channel_id,
        "test": literal(value=False),
        "status": literal("pending"),
        "due_at": literal(EPOCH, Delivery.due_at.type),
        "claims": literal(0),
        "attempts_made": literal(0),
        "created_at": events.c.created_at,
    }
    rows = (
        select(*columns.values())
        .where(*chosen, *_is_meant(events))
        .order_by(events.c.id, WebhookEvent.webhook_id)
    )
    return insert(Delivery).from_select([*columns], rows, include_defaults=False)


def _delivery_id(events: FromClause, dialect: Dialect) -> ColumnElement[str]:
    """A new public id as SQL: the time of the event's ULID and 64 random bits."""
    if dialect.name == "sqlite":
        random: ColumnElement[str] = func.lower(func.hex(func.randomblob(8)))
    else:
        uuid = func.replace(cast(func.gen_random_uuid(), String), "-", "")
        # Without the fixed bits.
        random = func.substr(uuid, 1, 12).op("||")(func.substr(uuid, 29, 4))
    return literal(f"{DELIVERY}_") + func.substr(events.c.public_id, len(EVENT) + 2, 10) + random


def _keys(events: FromClause) -> Insert:
    """In the order of the keys: every transaction takes their locks in the same one."""
    columns: dict[str, Any] = {
        "key": _GIVEN.c.key,
        "fingerprint": _GIVEN.c.fingerprint,
        "event_public_id": events.c.public_id,
        "deliveries": events.c.deliveries_count,
        "created_at": events.c.created_at,
    }
    rows = select(*columns.values()).where(events.c.public_id == _GIVEN.c.event_id)
    return insert(IdempotencyKey).from_select(
        [*columns], rows.order_by(_GIVEN.c.key), include_defaults=False
    )


class SqliteStatements(NamedTuple):
    """`events` and `keys` lack the rows that `with_rows` gives them.

    Parameters: of `events` the rows and `without`, of `deliveries` the first and the last row id
    and `without`, of `counts` the two row ids. `without` is an array of row ids as JSON.
    """

    events: str
    deliveries: str
    keys: str
    counts: str = (
        "SELECT group_concat(deliveries_count) FROM"
        " (SELECT deliveries_count FROM events WHERE id BETWEEN ? AND ? ORDER BY id)"
    )
    fan_out: str = "INSERT INTO fan_outs (event_id, made_to, left_out) VALUES (?, 0, ?)"


@lru_cache(maxsize=2)
def for_sqlite(dialect: Dialect) -> SqliteStatements:
    """The statements, for a dialect of SQLite."""
    events = Event.__table__
    chosen = events.c.id.between(literal_column(":first"), literal_column(":last"))
    is_small = events.c.deliveries_count <= PART
    return SqliteStatements(
        _text(_events(dialect), dialect),
        _text(_deliveries(events, dialect, chosen, is_small), dialect),
        _text(_keys(events), dialect),
    )


@lru_cache(maxsize=64)
def with_rows(statement: str, name: str, columns: tuple[str, ...], count: int) -> str:
    """The statement with so many rows, under `name`, of as many parameters as there are columns."""
    marks = "?," * len(columns)
    rows = ",".join(f"({marks}{number})" for number in range(count))
    opening, select_, rest = statement.partition("SELECT")
    return f"{opening}WITH {name}({','.join(columns)},number) AS (VALUES {rows}) {select_}{rest}"


@lru_cache(maxsize=2)
def for_postgresql(dialect: Dialect) -> str:
    """The one statement that stores events, keys and deliveries, and wakes the workers.

    Parameters: an array for each of `EVENT_COLUMNS` and `KEY_COLUMNS`, and `without`, an array of
    arrays of row ids as text. It returns public id, number of deliveries and row id of each event.
    """
    made = table("made", column("id"), *map(column, EVENT_COLUMNS), column("deliveries_count"))
    is_small = made.c.deliveries_count <= PART
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in EVENT_COLUMNS.items())
    keys = ", ".join(f"%(key_{name})s::text[]" for name in KEY_COLUMNS)
    return f"""
        WITH new AS (SELECT * FROM unnest({arrays}, %(without)s::text[]) WITH ORDINALITY
          AS new({", ".join(EVENT_COLUMNS)}, left_out, number)),
        given AS (SELECT * FROM unnest({keys}) AS given({", ".join(KEY_COLUMNS)})),
        stored AS ({_text(_events(dialect), dialect)}
          RETURNING id, public_id, type, channel_id, created_at, deliveries_count),
        made AS (SELECT stored.*, new.left_out FROM stored JOIN new USING (public_id)),
        kept AS ({_text(_keys(made), dialect)}),
        sent AS ({_text(_deliveries(made, dialect, is_small), dialect, "made")}),
        large AS (INSERT INTO fan_outs (event_id, made_to, left_out)
          SELECT id, 0, array_to_json(left_out::bigint[]) FROM made
          WHERE deliveries_count > {PART})
        SELECT public_id, deliveries_count, id,
          CASE WHEN deliveries_count > 0 THEN pg_notify('{CHANNEL}', '')::text END FROM made
    """  # noqa: S608  # nothing in it comes from outside


@lru_cache(maxsize=2)
def part(dialect: Dialect) -> str:
    """The statement that makes the deliveries of an event to some webhooks.

    Parameters: the event's row id, those of webhooks after which and up to which, and the webhooks
    that are left out as JSON.
    """
    events, row = Event.__table__, WebhookEvent.webhook_id
    between = row > literal_column(":after"), row <= literal_column(":last")
    of_event = events.c.id == literal_column(":event")
    text = _written(_deliveries(events, dialect, of_event, *between), dialect)
    for name in (":event", ":after", ":last"):
        text = text.replace(name, "?")
    values = "SELECT value FROM json_each(?)"
    if dialect.name == "postgresql":
        text = text.replace("?", "%s")
        values = "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(%s AS json))"
    return text.replace(":without", f"({values})")


def _text(statement: Insert, dialect: Dialect, events: str = '"new"') -> str:
    """The statement in the dialect's words; on PostgreSQL `events` has the webhooks left out."""
    text = _written(statement, dialect)
    if dialect.name == "sqlite":
        text = text.replace(":first", "?").replace(":last", "?")
        return text.replace(":without", "(SELECT value FROM json_each(?))")
    return text.replace("NOT IN :without", f"<> ALL ({events}.left_out::bigint[])")


def _written(statement: Insert, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
