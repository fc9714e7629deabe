"""A small receiver for developers: prints every request, and whether its signature holds."""

import json
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase

from webhooks_ui.crypto import signing
from webhooks_ui.text import strict_json
from webhooks_ui.text.printable import visible

MAX_BYTES = 20_000_000
MAX_CHARACTERS = 200_000
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class BodyError(Exception):
    """The framing of a body is broken or it is too large; the text says how."""


class Listener(ThreadingHTTPServer):
    """Answers every request with `status`, checks it by `secret`, hands its report to `write`.

    Raises `OSError` where it cannot listen on `host` and `port` (0 takes any free one).
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
        """Where it listens."""
        host, port = self.server_address[:2]
        name = str(host)
        return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"

    def server_bind(self) -> None:
        """Binds without the reverse look-up of `HTTPServer`, which can hang."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def report(self, text: str) -> None:
        """Writes one whole report; reports of several threads do not mix."""
        with self._lock:
            self._count += 1
            self._write(f"--- {self._count} --- {time.strftime('%H:%M:%S')} ---\n{text}\n")

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks off is a line, not a traceback."""
        self.report(f"A connection broke off: {visible(repr(sys.exception()))}")


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds for a client that stops in the middle
    disable_nagle_algorithm = True  # head and body go out as two pieces; 40 ms between them else

    def _answer(self) -> None:
        try:
            body, problem = read_body(self.headers, self.rfile), None
        except BodyError as error:
            body, problem = b"", str(error)
            self.close_connection = True
        status = HTTPStatus.BAD_REQUEST if problem else self.server.status
        verdict = check(self.server.secret, self.headers, body, time.time())
        self.server.report(self._describe(body, problem, verdict, status))
        self._respond(status, json.dumps({"received": not problem, "signature": verdict}).encode())

    def _describe(self, body: bytes, problem: str | None, verdict: str, status: int) -> str:
        first = visible(f"{self.command} {self.path} {self.request_version}")
        fields = [
            f"{visible(name)}: {visible(_utf8(value))}" for name, value in self.headers.items()
        ]
        text = f"The body could not be read: {problem}." if problem else pretty(body)
        end = f"Signature: {verdict}\nAnswered {status:d}."
        return "\n".join([first, *fields, "", *([text, ""] if text else []), end])

    def _respond(self, status: int, body: bytes) -> None:
        bodiless = status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        self.send_response(status)
        if not bodiless:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if not bodiless and self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """What stands in the Server header."""
        return "webhooks-ui"

    def log_error(self, format: str, *args: object) -> None:
        """A kept connection on which nothing more comes is no news."""
        if not any(isinstance(arg, TimeoutError) for arg in args):
            self.log_message(format, *args)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Requests are reported by `_answer`."""

    def log_message(self, format: str, *args: object) -> None:
        self.server.report(visible(format % args))


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


def check(secret: str | None, headers: Message, body: bytes, now: float) -> str:
    """Whether the signature of Standard Webhooks holds, and if not, why, in a sentence."""
    if secret is None:
        return "not checked. Give --secret whsec_… to check it."
    missing = [name for name in _HEADERS if not headers.get(name)]
    if missing:
        return f"does not hold: the request has no {' or '.join(missing)}."
    message_id, timestamp, signature = (headers[name] for name in _HEADERS)
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return "does not hold: webhook-timestamp is not a whole number of seconds."
    if not signing.verify(secret, message_id, int(timestamp), body, signature):
        return "does not hold: it was made with another secret, or the request was changed."
    age = round(now - int(timestamp))
    if abs(age) > signing.TOLERANCE:
        side = "old" if age > 0 else "in the future"
        return f"does not hold: the timestamp is {abs(age)} s {side}; 300 s are allowed."
    return "holds."


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """The body by Content-Length or in chunks (RFC 9112 §6, §7.1); raises `BodyError`."""
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        return _chunks(stream)
    length = (headers.get("Content-Length") or "0").strip()
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise BodyError("its Content-Length is not a number")
    return _exactly(stream, int(length))


def pretty(body: bytes) -> str:
    """The body as text: JSON indented, anything else as it is, unprintable characters escaped."""
    text = strict_json.pretty(body)
    more = len(text) - MAX_CHARACTERS
    shown = "\n".join(visible(line) for line in text[:MAX_CHARACTERS].split("\n"))
    return f"{shown}\n… and {more:,} characters more" if more > 0 else shown


def _utf8(value: str) -> str:
    """A header's value, which http.server reads as latin-1, as UTF-8 where it is."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream.readline(1_000)):
        if len(body) + size > MAX_BYTES:
            raise BodyError(f"it has more than {MAX_BYTES:,} bytes")
        body += _exactly(stream, size)
        if stream.readline(3).strip():
            raise BodyError("a chunk is longer than it says")
    while stream.readline(65_537).strip():
        pass  # trailers
    return bytes(body)


def _chunk_size(line: bytes) -> int:
    match = re.match(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;|\r?\n)", line)
    if match is None:
        raise BodyError("a chunk does not begin with its size")
    return int(match[1], 16)


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    if size > MAX_BYTES:
        raise BodyError(f"it has more than {MAX_BYTES:,} bytes")
    try:
        body = stream.read(size)
    except TimeoutError:
        raise BodyError(f"the rest of its {size:,} bytes did not come") from None
    if len(body) < size:
        raise BodyError(f"it ended after {len(body):,} of {size:,} bytes")
    return body
