"""The way of plain requests: what takes events in, without the frame of pages around it.

It answers where something is taken in and there is nothing else to say. Every other request, also
one that is refused, goes on to the app untouched, which knows the words for it.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from io import BytesIO
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from webhooks_ui.web.security import headers_of

MAX_BYTES = 256 * 1024
"""Bytes of a plain request: a larger one that is refused would be costly to read twice."""
_UNUSUAL = ("HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING")


class Answer(NamedTuple):
    """What a way answers with 202; None in its place leaves a request to the app."""

    body: bytes
    headers: Mapping[str, str] = {}  # beside those of every answer


Way = Callable[[Flask, WSGIEnvironment], Answer | None]


class Plain:
    """A WSGI app around another one. What `load` returns answers POST by the path, which begins
    with `prefix`; below that it is called before the other app is."""

    def __init__(
        self,
        app: Flask,
        inner: WSGIApplication,
        prefix: str,
        load: Callable[[], Mapping[str, Way]],
    ) -> None:
        self._app, self._inner, self._prefix, self._load = app, inner, prefix, load

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        ways = self._load() if path.startswith(self._prefix) else {}
        way = ways.get(path) if environ["REQUEST_METHOD"] == "POST" else None
        if way is None:
            return self._inner(environ, start_response)
        with self._app.app_context():
            answer = way(self._app, environ) if _is_usual(environ) else None
        if answer is None:
            return self._inner(environ, start_response)
        own = {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
        own["Vary"] = "Accept-Encoding, HX-Request"
        is_secure = environ["wsgi.url_scheme"] == "https"
        common = dict(headers_of(self._app, is_secure=is_secure))
        start_response("202 ACCEPTED", [*(own | common | dict(answer.headers)).items()])
        return [answer.body]


def body_of(environ: WSGIEnvironment) -> bytes | None:
    """The body, which the app can read again; None where it ends early."""
    length = int(environ["CONTENT_LENGTH"])
    data: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(data)
    return data if len(data) == length else None


def _is_usual(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or ""
    if any(name in environ for name in _UNUSUAL) or not (length.isascii() and length.isdigit()):
        return False
    if any("\0" in value for name, value in environ.items() if name.startswith("HTTP_")):
        return False
    return int(length) <= MAX_BYTES


_KEY = "webhooks_ui.intake_outcome"


def hand_over(environ: MutableMapping[str, Any], outcome: object) -> None:
    """Lets the app say this, or raise it, instead of taking the request in once more."""
    environ[_KEY] = outcome


def outcome_before(environ: MutableMapping[str, Any]) -> Any:
    """What was handed over, if anything; raises the error that was."""
    outcome = environ.pop(_KEY, None)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
