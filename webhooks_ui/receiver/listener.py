"""`webhooks-ui listen`: prints every request, and whether its signature holds, for developers."""

import json
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from webhooks_ui.crypto import signing
from webhooks_ui.text import pretty_json
from webhooks_ui.text.url_parts import local_url
from webhooks_ui.text.visibility import visible

MAX_BYTES = 20_000_000
MAX_CHARACTERS = 200_000
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Listener(ThreadingHTTPServer):
    """Answers every request with `status`, checks it with `secret`, passes a report to `write`.

    Port 0 takes any free one. Raises `OSError` where it cannot listen.
    """

    request_queue_size = 128
    daemon_threads = True

    def __init__(
        self, host: str, port: int, status: int, secret: str | None, write: Callable[[str], None]
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.status, self.secret = status, secret
        self._write, self._lock, self._count = write, threading.Lock(), 0
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        return f"{local_url(str(self.server_address[0]), self.server_address[1])}/"

    def server_bind(self) -> None:
        """Binds without the reverse look-up of `HTTPServer`, which can hang."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def report(self, text: str) -> None:
        """Writes a report; those of several threads do not mix."""
        with self._lock:
            self._count += 1
            self._write(f"--- {self._count} --- {time.strftime('%H:%M:%S')} ---\n{text}\n")

    def handle_error(self, request: object, client_address: object) -> None:
        """Reports a broken connection in one line instead of a traceback."""
        self.report(f"A connection broke off: {visible(repr(sys.exception()))}")


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds for a client that stops in the middle
    disable_nagle_algorithm = True  # head and body are two writes; 40 ms between them otherwise

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0").strip()
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,18}", length):
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)  # webhooks-ui always sends one
        if int(length) > MAX_BYTES:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = b""
        with suppress(TimeoutError):
            body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self.send_error(HTTPStatus.BAD_REQUEST, "The body is shorter than its length")
        verdict = check(self.server.secret, self.headers, body, time.time())
        self.server.report(self._describe(body, verdict))
        return self._respond(json.dumps({"received": True, "signature": verdict}).encode())

    def _describe(self, body: bytes, verdict: str) -> str:
        lines = [f"{self.command} {self.path} {self.request_version}"]
        lines += [f"{name}: {_utf8(value)}" for name, value in self.headers.items()]
        lines = [*map(visible, lines), ""]
        lines += [pretty(body), ""] if body else []
        return "\n".join([*lines, f"Signature: {verdict}", f"Answered {self.server.status}."])

    def _respond(self, body: bytes) -> None:
        self.send_response(self.server.status)
        if self.server.status not in _WITHOUT_BODY:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.status not in _WITHOUT_BODY and self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """The value of the Server header."""
        return "webhooks-ui"

    def log_error(self, format: str, *args: object) -> None:
        """Reports an error; an idle connection that is closed after the time-out is none."""
        if not any(isinstance(arg, TimeoutError) for arg in args):
            self.server.report(visible(format % args))

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Writes nothing: `_answer` reports requests, `log_error` what went wrong."""


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


def check(secret: str | None, headers: Message, body: bytes, now: float) -> str:
    """Whether the signature by Standard Webhooks holds, and if not, why, in a sentence."""
    if secret is None:
        return "not checked. Give --secret whsec_… to check it."
    missing = [name for name in signing.HEADERS if not headers.get(name)]
    if missing:
        return f"does not hold: the request has no {' or '.join(missing)}."
    message_id, given, signature = (headers[name] for name in signing.HEADERS)
    timestamp = signing.timestamp_of(given)
    if timestamp is None:
        return "does not hold: webhook-timestamp is not a whole number of seconds."
    if not signing.verify(secret, message_id, timestamp, body, signature):
        return "does not hold: it was made with another secret, or the request was changed."
    age = round(now - timestamp)
    if abs(age) > signing.TOLERANCE:
        side = "old" if age > 0 else "in the future"
        return f"does not hold: the timestamp is {abs(age)} s {side}; 300 s are allowed."
    return "holds."


def pretty(body: bytes) -> str:
    """The body as text: JSON indented, unprintable characters escaped, the end cut off if long."""
    text = pretty_json.pretty(body)
    more = len(text) - MAX_CHARACTERS
    shown = "\n".join(visible(line) for line in text[:MAX_CHARACTERS].split("\n"))
    return f"{shown}\n… and {more:,} characters more" if more > 0 else shown


def _utf8(value: str) -> str:
    """A header's value as UTF-8 where it is; http.server decodes it as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
