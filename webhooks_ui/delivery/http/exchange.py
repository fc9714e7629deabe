"""One request and its response over an open connection (HTTP/1.1, RFC 9112)."""

import re
from collections.abc import Iterable
from time import monotonic

from webhooks_ui.delivery.http.connection import Trace
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.response_body import read_body
from webhooks_ui.delivery.http.response_head import RawResponse, read_headers, read_status
from webhooks_ui.delivery.http.socket_stream import Stream

_ONE_WRITE = 65536  # bytes of a body that is sent together with the head
_KEEP_ALIVE = re.compile(rb"timeout=([0-9]{1,6})")
# Notes on a response that leave no doubt about where it ends.
_HARMLESS = frozenset(["bad_headers", "bad_encoding", "headers_capped"])


def request_head(path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a POST. Raises AttemptError for a header that would break out of its line."""
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
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
    not. Raises AttemptError.
    """
    stream.begin(deadline)
    start = monotonic()
    is_sent = _send(stream, head, body)
    try:
        response = trace.response = read_status(stream)
    finally:
        if stream.received:
            trace.phases["first_byte"] = stream.first_byte_at - start
    read_headers(stream, response)
    is_whole = response.has_whole_head and read_body(stream, response, limit)
    is_harmless = _HARMLESS.issuperset(response.notes)
    if not is_sent or not is_whole or stream.has_unread() or not is_harmless:
        return None
    return _keep_alive(response)


def _send(stream: Stream, head: bytes, body: bytes) -> bool:
    """Sends head and body; false if the connection breaks.

    That is not a failure yet: a receiver may refuse a request and close before it has read all of
    it. If there is no response either, reading it tells why.
    """
    try:
        if len(body) <= _ONE_WRITE:
            stream.send(head + body)
        else:
            stream.send(head)
            stream.send(body)
    except OSError:
        return False
    return True


def _keep_alive(response: RawResponse) -> float | None:
    connection = response.framing.get(b"connection", b"").lower()
    if b"close" in connection:
        return None
    if response.http_version == "1.0" and b"keep-alive" not in connection:
        return None
    announced = _KEEP_ALIVE.search(response.framing.get(b"keep-alive", b""))
    # A second less than announced, so that the receiver does not close while we send.
    return int(announced[1]) - 1.0 if announced else float("inf")
