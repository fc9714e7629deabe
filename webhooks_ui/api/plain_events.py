"""The way of plain events: `POST /api/v1/events` without the frame of pages around it.

It answers where an event is taken in and there is nothing else to say. Every other request, also
one that is refused, goes on to the app untouched, which knows the words for it.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask

from webhooks_ui.api.access import known_sender
from webhooks_ui.api.events import plain_event
from webhooks_ui.api.hand_over import hand_over
from webhooks_ui.api.rate_limit import buckets_of
from webhooks_ui.database.engine import UNREACHABLE
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.validation import event as event_rules
from webhooks_ui.web.known_hosts import REFUSED
from webhooks_ui.web.security import headers_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/v1/events"
_MOST = 256 * 1024
"""Bytes of a plain request: a larger one that is refused would be costly to read twice."""
_UNUSUAL = ("HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", REFUSED)
_JSON = ("application/json", "application/json; charset=utf-8", "application/json;charset=utf-8")


def init_app(app: Flask) -> None:
    """Puts it around the app as it is."""
    app.wsgi_app = PlainEvents(app, app.wsgi_app)  # type: ignore[method-assign]


class PlainEvents:
    """A WSGI app around another one."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self._app, self._inner = app, inner

    @property
    def _most(self) -> int:
        most: int = self._app.config["MAX_EVENT_SIZE"]
        return most

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers as the inner app does."""
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._inner(environ, start_response)
        with self._app.app_context():
            accepted = self._take(environ) if self._is_usual(environ) else None
        if accepted is None:
            return self._inner(environ, start_response)
        body = _body(accepted)
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        own.append(("Vary", "Accept-Encoding, HX-Request"))
        is_secure = environ["wsgi.url_scheme"] == "https"
        start_response("202 ACCEPTED", [*own, *headers_of(self._app, is_secure=is_secure)])
        return [body]

    def _is_usual(self, environ: "WSGIEnvironment") -> bool:
        length = environ.get("CONTENT_LENGTH") or ""
        if environ.get("CONTENT_TYPE", "").lower() not in _JSON or environ.get("QUERY_STRING"):
            return False
        if any(name in environ for name in _UNUSUAL) or not (length.isascii() and length.isdigit()):
            return False
        if any("\0" in value for name, value in environ.items() if name.startswith("HTTP_")):
            return False
        return int(length) <= min(_MOST, event_rules.largest_body(self._most))

    def _take(self, environ: "WSGIEnvironment") -> Accepted | None:
        """Takes the event in; None where the app has to answer, which can read the body anew."""
        try:
            token = known_sender(environ.get("HTTP_AUTHORIZATION", ""))
        except UNREACHABLE:
            return None
        if token is None:
            return None
        key = environ.get("HTTP_IDEMPOTENCY_KEY")
        if key is not None and event_rules.key_problem(key):
            return None
        length = int(environ["CONTENT_LENGTH"])
        data: bytes = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(data)
        event = (
            plain_event(data, key, environ.get("HTTP_TRACEPARENT"), self._most)
            if len(data) == length
            else None
        )
        buckets = buckets_of(self._app)
        if event is None or (buckets and buckets.take(token.id)):
            return None
        accepted = _accepted(environ, event)
        if accepted is None and buckets:
            buckets.owe(token.id, -1)  # the app counts it once more
        environ[WHO] = token.public_id
        return accepted


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
