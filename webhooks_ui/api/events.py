"""Events: taking them in, and what became of one."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from flask import Response, current_app, request
from flask_babel import lazy_gettext as _l

from webhooks_ui import audit
from webhooks_ui.api.body import Place, invalid
from webhooks_ui.api.event_shapes import (
    AcceptedBatchShape,
    AcceptedShape,
    BatchBody,
    ChannelBody,
    EventBody,
    EventShape,
)
from webhooks_ui.api.operation import Operation, found
from webhooks_ui.api.plain import outcome_before
from webhooks_ui.api.rate_limit import count_events
from webhooks_ui.catalogue.event_types import canonical
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal
from webhooks_ui.models import Event
from webhooks_ui.text.trace import traceparent
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.problem import Fault, Problem, pointer

HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "minLength": 1,
        "maxLength": 255,
        "description": "A text that no other event has. The same key again is the same event: it"
        " is answered as before and delivered once. In a batch it stands for every event in it.",
    },
    "traceparent": {
        "description": "The trace that the event belongs to (W3C Trace Context); passed on to"
        " receivers unchanged. An invalid one is ignored.",
    },
}


_takes = partial(Operation, "POST", scope="events", status=202, headers=HEADERS, errors=(409,))


@_takes("/events", answer=AcceptedShape, body=EventBody)
def take(body: EventBody) -> AcceptedShape:
    """Send an event.

    The answer comes once the event and its deliveries are stored together: a 202 is a promise. The
    same `id` or `Idempotency-Key` again is answered with the first answer and `duplicate: true`,
    and nothing is delivered twice; with another event it is answered 409.
    """
    (accepted,) = _accept([body], [()], [_idempotency_key()])
    return AcceptedShape.of(accepted)


@_takes("/events/batch", answer=AcceptedBatchShape, body=BatchBody)
def take_batch(body: BatchBody) -> AcceptedBatchShape:
    """Send up to 1,000 events, all or none.

    The body may be as large as those of eight of the largest events.
    """
    places: list[Place] = [("events", index) for index in range(len(body.events))]
    key = _idempotency_key()
    # A unit separator stands in no key, so these are the keys of no single event.
    keys = [f"{key}\x1f{index}" if key else None for index in range(len(places))]
    accepted = _accept(body.events, places, keys)
    return AcceptedBatchShape(events=[AcceptedShape.of(one) for one in accepted])


@Operation("GET", "/events/<public_id:id>", answer=EventShape)
def show(id: str) -> Response:
    """Retrieve an event, byte for byte as it came in, and how many deliveries it has."""
    event = found(Event.by_public_id(id))
    audit.payload_read("event", id, event.type)
    head = EventShape.of(event).model_dump_json(exclude={"data"}).removesuffix("}")
    body = head.encode() + b',"data":' + event.data + b"}"
    return Response(body, mimetype="application/json")


def _accept(
    bodies: Sequence[EventBody], places: Sequence[Place], keys: Sequence[str | None]
) -> list[Accepted]:
    count_events(len(bodies))
    most = current_app.config["MAX_EVENT_SIZE"]
    for body in bodies:
        if problem := event_rules.size_problem(body.data, most):
            raise Problem(413, problem)
    if faults := [f for body, at in zip(bodies, places, strict=True) for f in _faults(body, at)]:
        raise invalid(faults)
    trace = request.headers.get("traceparent")
    events = [_incoming(body, key, trace) for body, key in zip(bodies, keys, strict=True)]
    known: Refusal | None = outcome_before(request.environ)
    answer = known or accept(events)
    if isinstance(answer, Refusal):
        raise _refused(answer, places[answer.index])
    return answer


def plain_event(data: bytes, key: str | None, trace: str | None, most: int) -> IncomingEvent | None:
    """The event of a body where there is nothing to say about it, else None."""
    try:
        body = EventBody.read(data)
    except Problem:
        return None
    if event_rules.size_problem(body.data, most) or any(_faults(body, ())):
        return None
    return _incoming(body, key, trace)


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and (problem := event_rules.key_problem(key)):
        raise Problem(422, _l("The header Idempotency-Key cannot be used: %(why)s", why=problem))
    return key


def _faults(body: EventBody, at: Place) -> Iterator[Fault]:
    if body.id is not None and (problem := event_rules.key_problem(body.id)):
        yield Fault(pointer(*at, "id"), problem)
    if body.occurred_at is not None and event_rules.moment(body.occurred_at) is None:
        yield Fault(pointer(*at, "occurred_at"), event_rules.NO_MOMENT)
    match body.channel:
        case ChannelBody(key=key, name=name, kind=kind):
            for field, problem in channel_rules.problems(
                key, name.strip(), kind or "other"
            ).items():
                yield Fault(pointer(*at, "channel", field), problem)
        case str(key) if problem := channel_rules.key_problem(key):
            yield Fault(pointer(*at, "channel"), problem)


def _incoming(body: EventBody, key: str | None, trace: str | None) -> IncomingEvent:
    match body.channel:
        case ChannelBody(key=channel_key, name=name, kind=kind):
            channel: ChannelName | None = ChannelName(channel_key, name.strip(), kind)
        case str(channel_key):
            channel = ChannelName(channel_key)
        case None:
            channel = None
    return IncomingEvent(
        type=canonical(body.type),
        data=body.data,
        channel=channel,
        occurred_at=event_rules.moment(body.occurred_at) if body.occurred_at else None,
        sender_id=body.id,
        idempotency_key=key,
        traceparent=traceparent(trace),
    )


def _refused(refusal: Refusal, at: Place) -> Problem:
    if refusal.code == "conflict":
        return Problem(409, refusal.detail)
    member = "type" if refusal.code == "unknown_type" else "channel"
    return invalid([Fault(pointer(*at, member), refusal.detail)])
