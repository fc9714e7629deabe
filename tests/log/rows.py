"""Deliveries and events put in directly: many, of all kinds, with what they are known by."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from flask import Flask
from ulid import ULID

from tests.engine.conftest import subscribe
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Attempt, Channel, Delivery, Event, IdempotencyKey, Webhook

TYPES = ("message_created", "team_changed", "assignee_changed")
ERRORS = ("timeout", "http_status", "tls_failure")
CHANNELS = ("sales", "support")


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
    chance, end = Random(seed), now()  # noqa: S311  # no secret
    hooks = [subscribe(app, f"http://127.0.0.1:9/{n}", name=f"Hook {n}") for n in range(3)]
    known: list[Known] = []
    with app.app_context(), transaction():
        channels = [Channel(key=key, name=key.title(), kind="api") for key in CHANNELS]
        db.session.add_all(channels)
        db.session.flush()
        rows = [Webhook.by_public_id(hook) for hook in hooks]
        for number in range(events):
            at = end - timedelta(minutes=30 * (events - number))
            event = Event(
                public_id=_id("evt", at, number),
                type=chance.choice(TYPES),
                data=b"{}",
                test=chance.random() < 0.1,
                sender_id=f"m-{number}",
                created_at=at,
            )
            channel = chance.choice([None, *channels])
            event.channel_id = channel.id if channel else None
            db.session.add(event)
            db.session.flush()
            key = IdempotencyKey(
                key=f"id:m-{number}", event_public_id=event.public_id, fingerprint=""
            )
            db.session.add(key)
            for webhook in chance.sample(rows, 2 if number % 5 else 0):
                assert webhook
                known.append(_delivery(chance, event, webhook, channel, len(known)))
                event.deliveries_count += 1
    return known[::-1]


def _delivery(
    chance: Random, event: Event, webhook: Webhook, channel: Channel | None, number: int
) -> Known:
    chosen = ("pending", "delivering", "succeeded", "succeeded", "failed", "cancelled")
    status = chance.choice(chosen)
    error = chance.choice(ERRORS) if status == "failed" else None
    made = 0 if status in ("pending", "delivering", "cancelled") else 1
    delivery = Delivery(
        public_id=_id("dlv", event.created_at, number),
        event_id=event.id,
        webhook_id=webhook.id,
        type=event.type,
        channel_id=event.channel_id,
        test=event.test,
        status=status,
        error=error,
        attempts_made=made,
        created_at=event.created_at,
    )
    db.session.add(delivery)
    db.session.flush()
    if made:
        db.session.add(_attempt(delivery, error))
    return Known(
        delivery.public_id,
        event.public_id,
        webhook.public_id,
        event.type,
        channel.key if channel else None,
        status,
        error,
        event.test,
        event.created_at,
    )


def _attempt(delivery: Delivery, error: str | None) -> Attempt:
    return Attempt(
        delivery_id=delivery.id,
        number=1,
        started_at=delivery.created_at,
        duration_ms=12,
        timeout=1.0,
        status_code=None if error else 200,
        error=error,
        timings_ms=dict.fromkeys(("dns", "connect", "tls", "first_byte", "total")),
        request_url="http://127.0.0.1:9/",
        request_headers=[],
        payload_format="raw",
        response_headers=[],
        response_bytes=b"",
        response_size=0,
        truncated=False,
        notes=[],
    )


def _id(prefix: str, moment: datetime, number: int) -> str:
    return f"{prefix}_{str(ULID.from_datetime(moment))[:10].lower()}{number:016d}"
