"""Reads the head of a response, whatever a receiver sends, in bounded memory (RFC 9112).

A response is judged by its final status. What is wrong below the status line is noted, not fatal.
"""

import re
from dataclasses import dataclass, field
from itertools import count

from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.socket_stream import (
    BudgetError,
    ClosedError,
    DeadlineError,
    Stream,
)

MAX_HEAD = 1024 * 1024  # bytes received of one head before the rest is left unread
MAX_HEADERS = 100  # kept
MAX_KEPT = 65536  # bytes kept of all headers
MAX_LINE = 8192  # bytes kept of one line
MAX_REASON = 200
_INTERIM_BURST = 50
_INTERIM_PAUSE = 0.05

_STATUS_LINE = re.compile(rb"HTTP/(1\.[0-9]) +([1-9][0-9]{2})(?:[ \t]+(.*))?", re.DOTALL)
_FRAMING = frozenset(
    [b"content-length", b"transfer-encoding", b"content-encoding", b"connection", b"keep-alive"]
)


@dataclass(slots=True)
class RawResponse:
    """A response as far as it has been read; see outcome.Outcome for the fields.

    `framing` has the headers that delimit the body and the connection: names in lower case, values
    joined by commas. They are complete even where `headers` are capped.
    """

    http_version: str
    status: int
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    framing: dict[bytes, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    body: bytes = b""
    truncated: bool = False
    size: int = 0
    has_whole_head: bool = True

    def add_note(self, code: str) -> None:
        if code not in self.notes:
            self.notes.append(code)

    def header(self, name: str) -> str | None:
        """The first header of that name (in lower case)."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def read_status(stream: Stream) -> RawResponse:
    """The final response with its status line only; interim responses (1xx) are skipped.

    Raises AttemptError: there is no response, it is not HTTP/1, or the deadline has passed.
    """
    try:
        for number in count(1):
            stream.set_budget(MAX_HEAD)
            response = _read_status_line(stream)
            if response.status >= 200:
                break
            if response.status == 101:
                raise AttemptError("protocol_error", "the receiver switched to another protocol")
            _read_fields(stream, response)
            if number % _INTERIM_BURST == 0:
                # Nobody needs that many; a receiver that goes on till the deadline is slowed down.
                stream.pause(_INTERIM_PAUSE)
    except DeadlineError:
        raise AttemptError("timeout", "no complete answer in time") from None
    except ClosedError:
        said = (
            "closed in the middle of the answer" if stream.received else "closed without an answer"
        )
        raise AttemptError("connection_reset", said) from None
    except BudgetError:
        raise AttemptError("protocol_error", "the status line has no end") from None
    return response


def _read_status_line(stream: Stream) -> RawResponse:
    """The next status line.

    What lies before it on a kept connection was sent late, after the end of the response before:
    it is no part of this one (RFC 9112 section 9.2).
    """
    # Checked first, since what is not HTTP may never end its line.
    is_http = stream.begins_with(b"HTTP/1.")
    if not is_http and stream.is_kept:
        stream.skip_to(b"HTTP/1.")
        is_http = True
    match = _STATUS_LINE.fullmatch(stream.read_line(MAX_LINE)) if is_http else None
    if match is None:
        raise AttemptError("protocol_error", "the answer has no HTTP/1.1 status line")
    reason = printable(match[3] or b"")[:MAX_REASON]
    return RawResponse(http_version=match[1].decode(), status=int(match[2]), reason=reason)


def read_headers(stream: Stream, response: RawResponse) -> None:
    """Reads the rest of the head into `response`; what is missing of it is noted."""
    try:
        _read_fields(stream, response)
    except BudgetError:
        response.add_note("headers_capped")
        response.has_whole_head = False
    except ClosedError:
        response.add_note("incomplete_headers")
        response.has_whole_head = False


def _read_fields(stream: Stream, response: RawResponse) -> None:
    left = MAX_KEPT
    while line := stream.read_line(MAX_LINE):
        if len(line) > MAX_LINE:
            response.add_note("headers_capped")
        left -= len(line)
        _add_header(response, line, is_kept=left >= 0)


def _add_header(response: RawResponse, line: bytes, *, is_kept: bool) -> None:
    name, colon, value = line.partition(b":")
    if not colon or not name.strip() or line[0] in b" \t":
        # Not a header, nor the continuation of one, which RFC 7230 has abolished.
        response.add_note("bad_headers")
        return
    value = value.strip(b" \t")
    key = name.strip().lower()
    if key in _FRAMING:
        before = response.framing.get(key)
        response.framing[key] = value if before is None else before + b"," + value
    if is_kept and len(response.headers) < MAX_HEADERS:
        response.headers.append((printable(name.strip()), printable(value)))
    else:
        response.add_note("headers_capped")


def printable(text: bytes) -> str:
    """Bytes of a header as text: UTF-8, else Latin-1, unprintable characters escaped (`\\x00`)."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    if decoded.isprintable():
        return decoded
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in decoded
    )
