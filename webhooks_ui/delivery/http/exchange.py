"""One request and its response over an open connection (HTTP/1.1, RFC 9112)."""

import re
from collections.abc import Iterable
from time import monotonic

from webhooks_ui.delivery.http.connection import Trace
from webhooks_ui.delivery.http.errors import AttemptError, StaleError
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.response_body import read_body
from webhooks_ui.delivery.http.response_head import RawResponse, read_headers, read_status
from webhooks_ui.delivery.http.socket_stream import Stream
from webhooks_ui.egress.target_url import Target

_REST_TIMEOUT = 2.0
"""Seconds for what follows a status line. The verdict stands by then; the rest is for people."""
_REQUEST_TIMEOUT = 408
_KEEP_ALIVE = re.compile(rb"timeout=([0-9]{1,6})")
# Notes on a response that leave no doubt about where it ends.
_HARMLESS = frozenset(["bad_headers", "bad_encoding", "headers_capped"])
_OWN_HEADERS = frozenset(
    ["accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding"]
)


def wire_headers(request: OutgoingRequest, target: Target) -> list[tuple[str, str]]:
    """All headers as they are sent: those given, and those that belong to the connection.

    No compression is asked for: little of a response is kept, and it need not be decompressed.
    """
    return [
        ("Host", target.authority),
        *(pair for pair in request.headers if pair[0].lower() not in _OWN_HEADERS),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Content-Length", str(len(request.body))),
    ]


def request_head(method: str, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a request. Raises AttemptError for a header that would break out of its line."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    try:
        head = "\r\n".join(lines).encode()
    except UnicodeEncodeError:
        raise AttemptError("protocol_error", "a header of ours cannot be written") from None
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise AttemptError("protocol_error", "a header of ours has a line break in it")
    return head + b"\r\n\r\n"


def exchange(
    stream: Stream, head: bytes, body: bytes, deadline: float, trace: Trace, limit: int
) -> float | None:
    """Sends a request and reads the response into the trace, `limit` bytes of its body.

    Returns for how many seconds the connection may be kept for the next request; None if it may
    not. Raises AttemptError; StaleError if a new connection may do better.
    """
    stream.begin(deadline)
    start = monotonic()
    stream.send(head + body)
    try:
        response = trace.response = _read_status(stream)
    finally:
        if stream.received:
            trace.phases["first_byte"] = stream.first_byte_at - start
    if response.status // 100 == 2:
        stream.finish_sending(_REST_TIMEOUT)
    stream.stop_sending()
    stream.end_within(_REST_TIMEOUT)
    read_headers(stream, response)
    is_whole = response.has_whole_head and read_body(stream, response, limit)
    if stream.is_cut:
        response.add_note("early_answer")
    is_harmless = _HARMLESS.issuperset(response.notes)
    if not is_whole or stream.has_unread() or not is_harmless:
        return None
    return _keep_alive(response)


def _read_status(stream: Stream) -> RawResponse:
    try:
        response = read_status(stream)
    except AttemptError as error:
        if stream.is_kept and not stream.received and error.code != "timeout":
            raise StaleError(error.code, error.detail) from error
        raise
    if stream.is_kept and response.status == _REQUEST_TIMEOUT:
        # Said about the idle connection: nothing of the request was taken (RFC 9110 15.5.9).
        raise StaleError("connection_reset", "the receiver was closing the connection")
    return response


def _keep_alive(response: RawResponse) -> float | None:
    connection = response.framing.get(b"connection", b"").lower()
    if b"close" in connection:
        return None
    if response.http_version == "1.0" and b"keep-alive" not in connection:
        return None
    announced = _KEEP_ALIVE.search(response.framing.get(b"keep-alive", b""))
    # A second less than announced, so that the receiver does not close while we send.
    return int(announced[1]) - 1.0 if announced else float("inf")
