"""Weeks of invented history: rows as the engine would write them, the same at each start.

Only chance is replaced, by a seed; requests are composed and counted by the engine's own code.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from ulid import ULID

from tools.demo import cast
from tools.demo.cast import Player
from webhooks_ui.catalogue.error_codes import ErrorCode
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.delivery.attempt_record import attempt_of
from webhooks_ui.delivery.http.outcome import Outcome
from webhooks_ui.delivery.queue import counting, turns
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.delivery.request import Endpoint, compose
from webhooks_ui.models import Channel, Delivery, Event, Webhook, WebhookState
from webhooks_ui.models.public_ids import DELIVERY, EVENT

SEED = 17
TIMEOUT = 5.0
RETRIES = (5, 30, 120, 600)  # seconds: the waits of the demonstration
SECONDS, MINUTES, HOURS, DAYS = (
    timedelta(**{u: 1}) for u in ("seconds", "minutes", "hours", "days")
)
RECENT = tuple(age * MINUTES for age in (9, 6, 4, 2))
"""How long ago a message came: the hanging receiver has them tried again within `RETRIES`."""
WORDS = {
    "http_status": "",
    "timeout": "no answer within 5 seconds",
    "dns_failure": "Name or service not known",
}
ANSWERS: dict[int, tuple[str, bytes]] = {
    200: ("OK", b'{"accepted": true, "deal": 48213}'),
    401: ("Unauthorized", b'{"error": "token expired"}'),
    500: ("Internal Server Error", b'{"error": "Internal Server Error"}'),
    503: ("Service Unavailable", b'{"error": "Busy, come again."}'),
}


@dataclass
class _Rows:
    events: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[tuple[int, AttemptRecord]] = field(default_factory=list)
    ended: list[counting.Ended] = field(default_factory=list)


def write(webhooks: dict[str, Webhook], moment: datetime, days: int) -> None:
    """Writes `days` of history, up to `moment`, for these webhooks by name."""
    chance = random.Random(SEED)  # noqa: S311
    channels = db.session.scalars(
        select(Channel).where(Channel.key != cast.QUIET_CHANNEL).order_by(Channel.name)
    ).all()
    rows = _Rows()
    for number, (happened_at, kind) in enumerate(_happenings(chance, moment, days), start=1):
        channel = chance.choice(channels)
        data = data_of(kind, number)
        event = Event(
            id=number,
            public_id=_id(EVENT, happened_at),
            type=kind,
            channel_id=channel.id,
            channel=channel.snapshot,
            data=data,
            occurred_at=happened_at,
        )
        before = len(rows.deliveries)
        for player in cast.PLAYERS:
            if kind in player.events and player.channel in ("", channel.key):
                _deliver(rows, chance, player, webhooks[player.name], event, moment)
        rows.events.append(_event_row(event, len(rows.deliveries) - before))
    with transaction():
        for model, found in ((Event, rows.events), (Delivery, rows.deliveries)):
            if found:
                db.session.execute(insert(model), found)
        turns.insert_attempts(rows.attempts)
        with prepared.within(db.session.connection()) as runner:
            counting.add(runner, rows.ended)
        for player in cast.PLAYERS:
            _settle(player, webhooks[player.name].id, rows, moment, days)


def _happenings(chance: random.Random, until: datetime, days: int) -> list[tuple[datetime, str]]:
    """Times and types of events: `RECENT`, and before that more by day than by night."""
    moments = _moments(chance, until - days * DAYS, until - RECENT[0])
    usual = [(moment, chance.choice(cast.USUAL)) for moment in moments]
    return usual + [(until - age, cast.CREATED) for age in RECENT]


def _moments(chance: random.Random, hour: datetime, until: datetime) -> Iterator[datetime]:
    while hour < until:
        busy = 1 + math.sin((hour.hour - 7) / 24 * 2 * math.pi)
        offsets = sorted(chance.random() for _ in range(round(1 + 3 * busy + chance.random())))
        yield from (moment for o in offsets if (moment := hour + o * HOURS) < until)
        hour += HOURS


def data_of(kind: str, number: int) -> bytes:
    """A type's sample with an id of its own."""
    sample = ALL_TYPES[kind].sample | {"id": 9_000 + number}
    return json.dumps(sample, ensure_ascii=False).encode()


def _id(prefix: str, moment: datetime) -> str:
    return f"{prefix}_{str(ULID.from_datetime(moment)).lower()}"


def _event_row(event: Event, deliveries: int) -> dict[str, Any]:
    names = ("id", "public_id", "type", "channel_id", "channel", "data", "occurred_at")
    row = {name: getattr(event, name) for name in names}
    return row | {"test": False, "deliveries_count": deliveries, "created_at": event.occurred_at}


def _plot(part: str, age: timedelta, chance: random.Random) -> list[int | ErrorCode] | None:
    """The attempts of a delivery of this age, each as a status or an error code.

    None: it was not sent, since the webhook was off.
    """
    lost: list[int | ErrorCode] = [500] * (len(RETRIES) + 1)
    match part:
        case "flaky":
            return [503, 200] if chance.random() < 0.2 else [200]
        case "outage" if 9 * DAYS < age < 9 * DAYS + 6 * HOURS:
            return lost
        case "outage" if chance.random() < 0.03:
            return [500, 500, 200]
        case "hanging" if age < 3 * HOURS:
            return ["timeout"] * len(lost)
        case "nowhere" if age < 26 * HOURS:
            return ["dns_failure"] * len(lost)
        case "expired" if age < 3 * DAYS:
            return None
        case "expired" if age < 8 * DAYS:
            return [401] * len(lost)
        case "off" if age < 12 * DAYS:
            return None
    return [200]


def _deliver(
    rows: _Rows,
    chance: random.Random,
    player: Player,
    webhook: Webhook,
    event: Event,
    moment: datetime,
) -> None:
    plot = _plot(player.part, moment - event.occurred_at, chance)
    if plot is None:
        return
    endpoint = Endpoint(webhook.url, player.authorization, player.payload_format, ())
    delivery_id, public_id = len(rows.deliveries) + 1, _id(DELIVERY, event.occurred_at)
    due_at, made = event.occurred_at, 0
    status = "pending"
    for number, came in enumerate(plot, start=1):
        if due_at > moment:
            break  # it is still to be tried
        outcome = _outcome(came, player, chance)
        request = compose(event.content, endpoint, public_id, due_at)
        attempt = attempt_of(outcome, request, endpoint, due_at, TIMEOUT, number)
        is_last = number == len(plot)
        status = "pending" if not is_last else "succeeded" if came == 200 else "failed"
        ended_at = attempt.ended_at
        rows.attempts.append((delivery_id, attempt))
        rows.ended.append((webhook.id, status, attempt))
        made, error = number, outcome.error
        if not is_last:
            due_at = ended_at + RETRIES[number - 1] * (1 + 0.2 * chance.random()) * SECONDS
    rows.deliveries.append(
        {
            "id": delivery_id,
            "public_id": public_id,
            "event_id": event.id,
            "webhook_id": webhook.id,
            "type": event.type,
            "channel_id": event.channel_id,
            "test": False,
            "status": status,
            "due_at": due_at if status == "pending" else None,
            "claims": made,
            "attempts_made": made,
            "error": error if made else None,
            "created_at": event.occurred_at,
            "finished_at": None if status == "pending" else ended_at,
        }
    )


def _outcome(came: int | ErrorCode, player: Player, chance: random.Random) -> Outcome:
    status = came if isinstance(came, int) else None
    error: ErrorCode | None = came if isinstance(came, str) else "http_status"
    if came == 200:
        error = None
    spent = {"timeout": 5_000, "dns_failure": 3}.get(str(came))
    spread = chance.lognormvariate(0, 0.35)
    usual = {"slow": 300, "hanging": 150, "expired": 90}.get(player.part, 45)
    duration = spent or max(4, round(usual * spread))
    reason, body = ANSWERS.get(status or 0, ("", b""))
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    reached = error != "dns_failure"
    return Outcome(
        request_headers=(),
        status_code=status,
        reason=reason,
        error=error,
        detail=WORDS.get(error or "http_status", ""),
        address="127.0.0.1" if reached else None,
        duration_ms=duration,
        timings_ms={
            "dns": 1 if reached else None,
            "connect": 1 if reached else None,
            "tls": None,
            "first_byte": duration - 3 if status else None,
            "total": duration,
        },
        tls=None,
        headers=headers if status else (),
        body=body,
        truncated=False,
        size=len(body),
        notes=(),
        location=None,
        retry_after=None,
        http_version="HTTP/1.1" if status else None,
    )


def _settle(player: Player, webhook_id: int, rows: _Rows, moment: datetime, days: int) -> None:
    """The webhook's state after this history, and the changes that led to it."""
    made_at = moment - (days + 2) * DAYS
    tried = [row for row in rows.deliveries if row["webhook_id"] == webhook_id if row["claims"]]
    values: dict[str, Any] = {"created_at": made_at, "updated_at": made_at}
    if tried:
        values["last_delivery_id"] = tried[-1]["id"]
        values["last_succeeded"] = not tried[-1]["error"]
    failing = {"hanging": 3 * HOURS, "nowhere": 26 * HOURS, "expired": 8 * DAYS}.get(player.part)
    if failing:
        values |= {"failing_since": moment - failing, "failing_noticed_at": moment - failing / 2}
    states = [_state(player, webhook_id, made_at, None)]
    disabled = {"expired": ("failing", 3 * DAYS), "off": ("manual", 12 * DAYS)}.get(player.part)
    if disabled:
        reason, ago = disabled
        off_at = moment - ago
        values |= {"enabled": False, "disabled_reason": reason, "disabled_at": off_at}
        states.append(_state(player, webhook_id, off_at, reason))
    db.session.execute(update(Webhook).where(Webhook.id == webhook_id).values(values))
    mine = WebhookState.webhook_id == webhook_id
    db.session.execute(WebhookState.__table__.delete().where(mine))  # type: ignore[attr-defined]
    db.session.execute(insert(WebhookState), states)


def _state(player: Player, webhook_id: int, since: datetime, reason: str | None) -> dict[str, Any]:
    channel = Channel.by_key(player.channel) if player.channel else None
    return {
        "webhook_id": webhook_id,
        "since": since,
        "enabled": reason is None,
        "disabled_reason": reason,
        "deleted": False,
        "channel_id": channel.id if channel else None,
        "event_types": sorted(player.events),
    }
