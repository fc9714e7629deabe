"""Takes a source's request in: checks its signature, derives events, accepts and records them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from werkzeug.datastructures import Headers

from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import write_if_free
from webhooks_ui.database.types import now
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import ChannelName, IncomingEvent, Refusal
from webhooks_ui.models import Channel, IdempotencyKey
from webhooks_ui.models.source import KEPT_BODY, Source, SourceRequest
from webhooks_ui.monitoring import metrics
from webhooks_ui.sources.base import Derived, Kind, Reading, Reason, Signature
from webhooks_ui.text.trace import traceparent


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request of a source."""

    headers: Headers
    body: bytes
    address: str | None


@dataclass(frozen=True, slots=True)
class Became:
    """An event that a request became."""

    type: str
    event_id: str
    deliveries: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a request became; without events, the `reason`."""

    events: tuple[Became, ...] = ()
    reason: Reason | None = None


def receive(kind: Kind, source: Source, arrival: Arrival, vault: Vault) -> Receipt:
    """Accepts the events of a request, all of them or none; a wrong signature makes none.

    Raises SQLAlchemy's OperationalError when the database is locked, full or unreachable.
    """
    # Accepting ends the session's transaction, so what is needed later is read before.
    row, public_id, options = source.id, source.public_id, source.chosen
    signature = kind.signature(source.signing_secret(vault), arrival.headers, arrival.body)
    reading = kind.read(arrival.body, options)
    delivery_id = kind.delivery_id(arrival.headers)
    if signature in ("wrong", "missing"):
        receipt = Receipt(reason="signature")
    elif reading.events:
        scope = f"{public_id}:{delivery_id}" if delivery_id else None
        receipt = _accept(reading.events, scope, arrival.headers.get("traceparent"))
    else:
        receipt = Receipt(reason=reading.reason)
    _record(row, arrival, reading, (delivery_id, signature), receipt)
    refused = "refused" if receipt.reason == "signature" else "nothing"
    metrics.source_request("events" if receipt.events else refused)
    return receipt


def _accept(derived: Sequence[Derived], scope: str | None, trace: str | None) -> Receipt:
    """`scope` is what the idempotency keys begin with, None where requests have no id."""
    known = {channel.key for channel in Channel.by_keys(_keys(derived))}
    events = [_incoming(each, known, scope, trace) for each in derived]
    answers = accept(events, patient=True)
    if isinstance(answers, Refusal) and answers.code == "unknown_channel":  # deleted just now
        events = [_incoming(each, set(), scope, trace) for each in derived]
        answers = accept(events, patient=True)
    if isinstance(answers, Refusal):
        # Its channel was made or renamed since it came first, which makes it another content.
        return Receipt(tuple(_earlier(events)))
    return Receipt(
        tuple(
            Became(event.type, answer.event_id, answer.deliveries, answer.duplicate)
            for event, answer in zip(events, answers, strict=True)
        )
    )


def _earlier(events: Sequence[IncomingEvent]) -> Iterator[Became]:
    """What these events were answered when they came first."""
    for event in events:
        for row in IdempotencyKey.of(event.keys):
            yield Became(event.type, row.event_public_id, row.deliveries, duplicate=True)


def _keys(derived: Sequence[Derived]) -> set[str]:
    return {each.channel.key for each in derived if each.channel}


def _incoming(
    derived: Derived, known: set[str], scope: str | None, trace: str | None
) -> IncomingEvent:
    """The event; its channel is named by us only when nobody has made it yet."""
    channel = derived.channel
    if channel and channel.name is None:
        is_known = channel.key in known
        channel = ChannelName(
            channel.key,
            None if is_known else derived.fallback_name,
            None if is_known else channel.kind,
        )
    return IncomingEvent(
        type=derived.type,
        data=derived.data,
        channel=channel,
        idempotency_key=f"{scope}:{derived.type}" if scope else None,
        traceparent=traceparent(trace),
    )


def _record(
    row: int,
    arrival: Arrival,
    reading: Reading,
    facts: tuple[str | None, Signature],
    receipt: Receipt,
) -> None:
    """Keeps the request for the page; left out where the database is stuck.

    The sender waits for longer than that: Chatwoot five seconds.
    """
    delivery_id, signature = facts
    body = reading.kept_body
    values = {
        "name": reading.name,
        "delivery_id": delivery_id,
        "signature": signature,
        "became": [asdict(each) for each in receipt.events],
        "reason": receipt.reason,
        "body": body if body is None else body[:KEPT_BODY],
        "size": len(arrival.body),
        "address": (arrival.address or "")[:45] or None,
        "received_at": now(),
    }
    write_if_free(*SourceRequest.keep(row, **values), within=1.0)
