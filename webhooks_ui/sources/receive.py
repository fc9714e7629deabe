"""Takes a source's request in: checks its signature, derives events, accepts and records them.

What is shown of the request is recorded (`request_log`), and stored after the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from werkzeug.datastructures import Headers

from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.types import now
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.models.source import KnownSource
from webhooks_ui.models.source_request import KEPT_BODY, RequestRow
from webhooks_ui.monitoring import metrics
from webhooks_ui.sources import request_log
from webhooks_ui.sources.base import Kind, Reading, Reason, Signature
from webhooks_ui.text.trace import traceparent


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request of a source."""

    headers: Headers
    body: bytes
    address: str | None


class Became(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class _Request:
    """A parsed request."""

    source: KnownSource
    arrival: Arrival
    reading: Reading
    delivery_id: str | None
    signature: Signature

    @property
    def reason(self) -> Reason | None:
        """Why it makes no event; None where it makes some."""
        return "signature" if self.signature in ("wrong", "missing") else self.reading.reason

    @property
    def events(self) -> list[IncomingEvent]:
        """Its events. A job that the sender retries has the same id and another body."""
        trace = traceparent(self.arrival.headers.get("traceparent"))
        scope = self.delivery_id and f"{self.source.public_id}:{self.delivery_id}"
        return [
            IncomingEvent(
                type=each.type,
                data=each.data,
                channel=each.channel,
                idempotency_key=f"{scope}:{each.type}" if scope else None,
                is_known_by_key=True,
                traceparent=trace,
            )
            for each in (() if self.reason else self.reading.events)
        ]

    def became(self, answers: Sequence[Accepted]) -> tuple[Became, ...]:
        """Its events, as they were accepted."""
        return tuple(
            Became(event.type, answer.event_id, answer.deliveries, answer.duplicate)
            for event, answer in zip(self.reading.events, answers, strict=False)
        )

    def row(self, became: Sequence[Became]) -> RequestRow:
        """Its row on the source's page."""
        body = self.reading.kept_body
        return RequestRow(
            source_id=self.source.id,
            name=self.reading.name,
            delivery_id=self.delivery_id,
            signature=self.signature,
            became=[each._asdict() for each in became],
            reason=self.reason,
            body=body if body is None else body[:KEPT_BODY],
            size=len(self.arrival.body),
            address=(self.arrival.address or "")[:45] or None,
            received_at=now(),
        )


def receive(kind: Kind, source: KnownSource, arrival: Arrival, vault: Vault) -> Receipt:
    """Accepts the events of a request, all of them or none; a wrong signature makes none.

    Raises SQLAlchemy's OperationalError when the database is locked, full or unreachable.
    """
    request = _Request(
        source,
        arrival,
        kind.read(arrival.body, source.options),
        kind.delivery_id(arrival.headers),
        kind.signature(source.signing_secret(vault), arrival.headers, arrival.body),
    )
    if request.reason:
        request_log.record(request.row(()))
        metrics.source_request("refused" if request.reason == "signature" else "nothing")
        return Receipt(reason=request.reason)
    answers = accept(request.events, patient=True)
    if isinstance(answers, Refusal):  # never happens: types are ours, channels have names
        raise TypeError(answers)
    became = request.became(answers)
    request_log.record(request.row(became))
    metrics.source_request("events")
    return Receipt(became)
