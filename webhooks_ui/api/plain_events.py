"""The way of plain events: `POST /api/v1/events`."""

from typing import Any
from wsgiref.types import WSGIEnvironment

from flask import Flask

from webhooks_ui.api.access import known_sender
from webhooks_ui.api.events import plain_event
from webhooks_ui.api.paths import EVENTS
from webhooks_ui.api.plain import Answer, body_of, hand_over
from webhooks_ui.api.rate_limit import buckets_of
from webhooks_ui.audit.actor import address_in
from webhooks_ui.audit.calls import is_recorded
from webhooks_ui.database.engine import UNREACHABLE
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.own_address import REFUSED

_CALL = f"POST {EVENTS}"
_JSON = ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")


def take(app: Flask, environ: WSGIEnvironment) -> Answer | None:
    """Takes the event in; None where the app has to answer."""
    most: int = app.config["MAX_EVENT_SIZE"]
    if environ.get("CONTENT_TYPE", "").lower() not in _JSON or environ.get("QUERY_STRING"):
        return None
    if REFUSED in environ or int(environ["CONTENT_LENGTH"]) > event_rules.largest_body(most):
        return None
    try:
        token = known_sender(environ.get("HTTP_AUTHORIZATION", ""))
    except UNREACHABLE:
        return None
    if token is None or not is_recorded(app, token.public_id, address_in(environ), _CALL):
        return None
    key = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and event_rules.key_problem(key):
        return None
    data = body_of(environ)
    event = data and plain_event(data, key, environ.get("HTTP_TRACEPARENT"), most)
    buckets = buckets_of(app)
    if not event or (buckets and buckets.take(token.id)):
        return None
    accepted = _accepted(environ, event)
    if accepted is None and buckets:
        buckets.owe(token.id, -1)  # the app counts it once more
    environ[WHO] = token.public_id
    return Answer(_body(accepted)) if accepted else None


def _body(accepted: Accepted) -> bytes:
    """As `AcceptedShape` has it."""
    duplicate = "true" if accepted.duplicate else "false"
    text = f'"id":"{accepted.event_id}","deliveries":{accepted.deliveries},"duplicate":{duplicate}'
    return f"{{{text}}}".encode()


def _accepted(environ: Any, event: IncomingEvent) -> Accepted | None:
    try:
        answer = accept([event])
    except Exception as error:  # the app answers and logs it
        hand_over(environ, error)
        return None
    if isinstance(answer, Refusal):
        hand_over(environ, answer)
        return None
    return answer[0]
