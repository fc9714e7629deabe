"""What storing a plan takes, whatever the database."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.intake import filtering
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.intake.plan import Earlier, KnownChannel, NewEvent, Plan
from webhooks_ui.models.public_ids import CHANNEL, new_id
from webhooks_ui.text.sort_key import sort_key

encode = json.JSONEncoder(separators=(",", ":")).encode
SAVE_CHANNEL = """
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
        known = self._found(cursor, KNOWN, named) if events else []
        return Plan(
            {row[0]: Earlier(*row[1:]) for row in earlier},
            {row[1]: KnownChannel(*row) for row in known if row[3] is not None},
            [row[:3] for row in known if row[3] is None],
        )

    @abstractmethod
    def write(self, cursor: Any, plan: Plan) -> None:
        """Stores the plan and fills its `counts`."""

    def warm_up(self) -> None:
        """Does what the first request would wait for: reads tables, has statements planned."""
        sort_key(_LETTERS)

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
KNOWN = f"""
    SELECT id, key, name, kind FROM channels WHERE key IN ?
    UNION ALL SELECT filtered.*, NULL FROM ({filtering.FILTERS}) AS filtered
"""  # noqa: S608  # our own names
_LETTERS = "abcdefghijklmnopqrstuvwxyz 0123456789 абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё"


def event_row(new: NewEvent, ids: dict[str, int], moment: int) -> tuple[Any, ...]:
    """The values of `EVENT_COLUMNS`."""
    event, channel = new.event, new.channel
    return (
        new.public_id,
        event.type,
        channel and ids[channel.key],
        channel and encode(channel.snapshot),
        event.data,
        event.sender_id,
        event.traceparent,
        milliseconds(event.occurred_at) if event.occurred_at else moment,
        moment,
    )
