"""Stores a plan: in a transaction of few statements on SQLite, in one statement on PostgreSQL."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Engine

from webhooks_ui.database.driver import connected, in_our_terms, writing_sqlite
from webhooks_ui.database.engine import turn
from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.intake import filtering, source_requests, statements
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.intake.plan import Earlier, KnownChannel, NewEvent, Plan
from webhooks_ui.models.public_ids import CHANNEL, new_id
from webhooks_ui.text.sort_key import sort_key

_encode = json.JSONEncoder(separators=(",", ":")).encode
_EVENT_COLUMNS = tuple(statements.EVENT_COLUMNS)
_SAVE_CHANNEL = """
    INSERT INTO channels (public_id, key, name, sort_key, kind, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
      name = excluded.name, sort_key = excluded.sort_key, kind = excluded.kind,
      updated_at = excluded.updated_at
    RETURNING id
"""


class Store(ABC):
    """What storing takes on one kind of database. Raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @abstractmethod
    def opened(self, writer: object, until: float) -> Any:
        """A context with a cursor, at whose end all is committed; waits until `until` to write."""

    def plan(self, cursor: Any, requests: Sequence[Sequence[IncomingEvent]], *, sure: bool) -> Plan:
        """A plan that knows what is stored under the keys of these requests.

        It may know no idempotency keys unless `sure`, where to store one twice fails.
        """
        events = [event for request in requests for event in request]
        keys = {key for event in events for key in event.keys} if sure else set[str]()
        named = {event.channel.key for event in events if event.channel}
        earlier = self._found(cursor, _KEYS, keys) if keys else []
        known = self._found(cursor, _KNOWN, named) if events else []
        return Plan(
            {row[0]: Earlier(*row[1:]) for row in earlier},
            {row[1]: KnownChannel(*row) for row in known if row[3] is not None},
            [row[:3] for row in known if row[3] is None],
        )

    @abstractmethod
    def write(self, cursor: Any, plan: Plan) -> None:
        """Stores the plan and fills its `counts`."""

    @abstractmethod
    def wake_workers(self) -> None:
        """Wakes them after the commit, unless what was stored has done so."""

    @abstractmethod
    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        """The rows of these keys."""

    def _save_channels(self, cursor: Any, plan: Plan, statement: str) -> dict[str, int]:
        """Row ids of all channels by key. They are locked in the order of their keys."""
        ids = {key: known.id for key, known in plan.channels.items() if known.id}
        moment = milliseconds(now())
        for key, (_id, _key, name, kind) in sorted(plan.changed.items()):
            row = (new_id(CHANNEL), key, name, sort_key(name), kind, moment, moment)
            ((ids[key],),) = cursor.execute(statement, row).fetchall()
        return ids


_KEYS = "SELECT key, fingerprint, event_public_id, deliveries FROM idempotency_keys WHERE key IN ?"
# Channels, and the filters of webhooks as rows without a kind: one round trip for both.
_KNOWN = f"""
    SELECT id, key, name, kind FROM channels WHERE key IN ?
    UNION ALL SELECT filtered.*, NULL FROM ({filtering.FILTERS}) AS filtered
"""  # noqa: S608  # our own names
# Settings of PostgreSQL for one transaction; of the second, that its commit waits for no disk.
_PLANNED_ONCE = "SELECT set_config('plan_cache_mode', 'force_generic_plan', true)"
_AT_LEISURE = ", set_config('synchronous_commit', 'off', true)"


class SqliteStore(Store):
    """Few statements, however many events: each gives the interpreter's lock away."""

    @contextmanager
    def opened(self, writer: object, until: float) -> Iterator[Any]:
        """See `Store`."""
        with turn(writer, until), writing_sqlite(self._engine, until) as cursor:
            yield cursor

    def plan(self, cursor: Any, requests: Sequence[Sequence[IncomingEvent]], *, sure: bool) -> Plan:
        """See `Store`; nobody else writes meanwhile, so it is always sure."""
        return super().plan(cursor, requests, sure=True)

    def write(self, cursor: Any, plan: Plan) -> None:
        """See `Store`."""
        ids = self._save_channels(cursor, plan, _SAVE_CHANNEL)
        left_out = filtering.left_out(plan.filters, plan.events)
        for without, new in groupby(plan.events, lambda one: left_out.get(one.public_id, ())):
            self._write_events(cursor, plan, list(new), ids, _encode(without))
        if plan.keys:
            keys = [
                v for key, one in plan.keys.items() for v in (key, one.fingerprint, one.event_id)
            ]
            text = statements.for_sqlite(self._engine.dialect).keys
            columns = statements.KEY_COLUMNS
            cursor.execute(statements.with_rows(text, "given", columns, len(plan.keys)), keys)
        if plan.records:
            source_requests.in_sqlite(cursor, plan.source_requests)

    def wake_workers(self) -> None:
        """See `Store`."""
        wakeup.wake_workers()

    def _write_events(
        self,
        cursor: Any,
        plan: Plan,
        new: list[NewEvent],
        ids: dict[str, int],
        without: str,
    ) -> None:
        known = statements.for_sqlite(self._engine.dialect)
        rows = [value for one in new for value in _row(one, ids, plan.moment)]
        text = statements.with_rows(known.events, "new", _EVENT_COLUMNS, len(new))
        cursor.execute(text, [*rows, without])
        last = cursor.lastrowid
        between = (last - len(new) + 1, last)
        cursor.execute(known.deliveries, (*between, without))
        ((counts,),) = cursor.execute(known.counts, between).fetchall()
        for row, (one, count) in enumerate(zip(new, counts.split(","), strict=True), between[0]):
            plan.counts[one.public_id] = int(count)
            if int(count) > statements.PART:
                cursor.execute(known.fan_out, (row, without))
                plan.large[one.public_id] = row

    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        marks = f"IN ({','.join('?' * len(keys))})"
        found: list[Any] = cursor.execute(query.replace("IN ?", marks), list(keys)).fetchall()
        return found


class PostgresStore(Store):
    """Commits by the one statement that stores events, unless there is more than these to store."""

    @contextmanager
    def opened(self, writer: object, until: float) -> Iterator[Any]:
        """See `Store`."""
        with connected(self._engine) as connection, in_our_terms(self._engine.dialect):
            driver: Any = connection.driver_connection
            driver.autocommit = True
            try:
                yield driver.cursor()
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def write(self, cursor: Any, plan: Plan) -> None:
        """See `Store`."""
        if plan.changed:
            with cursor.connection.transaction():
                self._write(cursor, plan)
        else:
            self._write(cursor, plan)

    def wake_workers(self) -> None:
        """See `Store`."""

    def _write(self, cursor: Any, plan: Plan) -> None:
        requests = source_requests.in_arrays(plan.source_requests)
        if not plan.events:
            _run(cursor, source_requests.ALONE, requests, _AT_LEISURE)
            return
        ids = self._save_channels(cursor, plan, _SAVE_CHANNEL.replace("?", "%s"))
        left_out = filtering.left_out(plan.filters, plan.events)
        rows = [_row(one, ids, plan.moment) for one in plan.events]
        keys = sorted((key, one.fingerprint, one.event_id) for key, one in plan.keys.items())
        given = {name: [row[at] for row in rows] for at, name in enumerate(_EVENT_COLUMNS)}
        for at, name in enumerate(statements.KEY_COLUMNS):
            given[f"key_{name}"] = [key[at] for key in keys]
        given["without"] = [_array(left_out.get(one.public_id, ())) for one in plan.events]
        further = source_requests.IN_POSTGRESQL if plan.records else ""
        text = statements.for_postgresql(self._engine.dialect, further)
        _run(cursor, text, given | requests)
        for public_id, count, row, _ in cursor.fetchall():
            plan.counts[public_id] = count
            if count > statements.PART:
                plan.large[public_id] = row

    def _found(self, cursor: Any, query: str, keys: set[str]) -> list[Any]:
        text = query.replace("IN ?", "= ANY(%s)")
        found: list[Any] = cursor.execute(text, [list(keys)]).fetchall()
        return found


def _run(cursor: Any, statement: str, given: dict[str, Any], settings: str = "") -> None:
    """Executes a statement as it was planned once: to plan it takes as long as to execute it."""
    with cursor.connection.pipeline():  # one round trip, and one transaction
        cursor.connection.execute(f"{_PLANNED_ONCE}{settings}")
        cursor.execute(statement, given)


def _row(new: NewEvent, ids: dict[str, int], moment: int) -> tuple[Any, ...]:
    """The values of `EVENT_COLUMNS`."""
    event, channel = new.event, new.channel
    return (
        new.public_id,
        event.type,
        channel and ids[channel.key],
        channel and _encode(channel.snapshot),
        event.data,
        event.sender_id,
        event.traceparent,
        milliseconds(event.occurred_at) if event.occurred_at else moment,
        moment,
    )


def _array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes it."""
    return f"{{{','.join(map(str, numbers))}}}"


def of(engine: Engine) -> Store:
    """The store of this database."""
    return (SqliteStore if engine.dialect.name == "sqlite" else PostgresStore)(engine)
