"""Deliveries and events put in directly: many, of all kinds, with what they are known by."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import insert, select
from ulid import ULID

from tests.engine.conftest import subscribe
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Attempt, Channel, Delivery, Event, IdempotencyKey, Webhook

TYPES = ("message_created", "team_changed", "assignee_changed")
ERRORS = ("timeout", "http_status", "tls_failure")
CHANNELS = ("sales", "support")
ENDED = ("succeeded", "failed")


@dataclass(frozen=True, slots=True)
class Known:
    """A delivery as a plain Python filter sees it."""

    id: str
    event: str
    webhook: str
    type: str
    channel: str | None
    status: str
    error: str | None
    test: bool
    at: datetime


def fill(app: Flask, events: int, seed: int = 1) -> list[Known]:
    """Events of the last days with two deliveries each; the deliveries, newest first."""
    hooks = [subscribe(app, f"http://127.0.0.1:9/{n}", name=f"Hook {n}") for n in range(3)]
    with app.app_context(), transaction():
        channels = [Channel(key=key, name=key.title(), kind="api") for key in CHANNELS]
        db.session.add_all(channels)
        db.session.flush()
        of_channels = {channel.key: channel.id for channel in channels}
        rows = _Rows(Random(seed), now(), hooks, of_channels)  # noqa: S311  # no secret
        for number in range(events):
            rows.add(number, half_hours=events - number)
        rows.write()
    return rows.known[::-1]


class _Rows:
    """Collects rows that are inserted by a statement for each table."""

    def __init__(
        self, chance: Random, end: datetime, hooks: list[str], channels: dict[str, int]
    ) -> None:
        self._chance, self._end, self._hooks, self._channels = chance, end, hooks, channels
        self._events: list[dict[str, Any]] = []
        self.known: list[Known] = []

    def add(self, number: int, half_hours: int) -> None:
        """An event so many half hours ago, with its deliveries."""
        chance, at = self._chance, self._end - timedelta(minutes=30 * half_hours)
        kind, test = chance.choice(TYPES), chance.random() < 0.1
        channel = chance.choice([None, *CHANNELS])
        hooks = chance.sample(self._hooks, 2 if number % 5 else 0)
        public_id = _id("evt", at, number)
        event = {
            "public_id": public_id,
            "type": kind,
            "data": b"{}",
            "test": test,
            "sender_id": f"m-{number}",
            "channel_id": self._channels.get(channel or ""),
            "deliveries_count": len(hooks),
            "created_at": at,
        }
        self._events.append(event)
        for hook in hooks:
            chosen = ("pending", "delivering", "succeeded", "succeeded", "failed", "cancelled")
            status = chance.choice(chosen)
            error = chance.choice(ERRORS) if status == "failed" else None
            own = _id("dlv", at, len(self.known))
            made = Known(own, public_id, hook, kind, channel, status, error, test, at)
            self.known.append(made)

    def write(self) -> None:
        """Within a transaction."""
        rows = _inserted(Event, self._events)
        keys = [
            {"key": f"id:{e['sender_id']}", "event_public_id": e["public_id"], "fingerprint": ""}
            for e in self._events
        ]
        db.session.execute(insert(IdempotencyKey), keys)
        query = select(Webhook.public_id, Webhook.id).where(Webhook.public_id.in_(self._hooks))
        hooks: dict[str, int] = {row.public_id: row.id for row in db.session.execute(query)}
        of_events = {e["public_id"]: (row, e) for e, row in zip(self._events, rows, strict=True)}
        deliveries = [
            self._delivery(one, hooks[one.webhook], *of_events[one.event]) for one in self.known
        ]
        ids = _inserted(Delivery, deliveries)
        ended = [
            attempt(row, one.at, one.error)
            for row, one in zip(ids, self.known, strict=True)
            if one.status in ENDED
        ]
        if ended:
            db.session.execute(insert(Attempt), ended)

    def _delivery(self, one: Known, hook: int, row: int, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "public_id": one.id,
            "event_id": row,
            "webhook_id": hook,
            "type": one.type,
            "channel_id": event["channel_id"],
            "test": one.test,
            "status": one.status,
            "error": one.error,
            "attempts_made": int(one.status in ENDED),
            "created_at": one.at,
        }


def _inserted(model: type[Event | Delivery], rows: list[dict[str, Any]]) -> list[int]:
    """The new rows' numbers, in their order."""
    if not rows:
        return []
    statement = insert(model).returning(model.id, sort_by_parameter_order=True)
    return [*db.session.scalars(statement, rows)]


def attempt(delivery: int, started_at: datetime, error: str | None) -> dict[str, Any]:
    """The row of a first attempt at a delivery."""
    return {
        "delivery_id": delivery,
        "number": 1,
        "started_at": started_at,
        "duration_ms": 12,
        "timeout": 1.0,
        "status_code": None if error else 200,
        "error": error,
        "timings_ms": dict.fromkeys(("dns", "connect", "tls", "first_byte", "total")),
        "request_url": "http://127.0.0.1:9/",
        "request_headers": [],
        "payload_format": "raw",
        "response_headers": [],
        "response_bytes": b"",
        "response_size": 0,
        "truncated": False,
        "notes": [],
    }


def _id(prefix: str, moment: datetime, number: int) -> str:
    return f"{prefix}_{str(ULID.from_datetime(moment))[:10].lower()}{number:016d}"
