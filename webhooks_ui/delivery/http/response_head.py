"""Reads the head of an answer: whatever a receiver sends, in bounded memory (RFC 9112).

An answer is judged by its final status. What is wrong below the status line is noted, not fatal.
"""

import re
from dataclasses import dataclass, field
from itertools import count

from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.socket_stream import CutError, ExhaustedError, Stream

MAX_HEAD = 1024 * 1024  # bytes read of one head before the rest is left unread
MAX_HEADERS = 100  # kept
MAX_KEPT = 65536  # bytes kept of all headers
MAX_LINE = 8192  # bytes kept of one line
MAX_REASON = 200
_INTERIM_BURST = 50
_INTERIM_PAUSE = 0.05

_STATUS_LINE = re.compile(rb"HTTP/(1\.[0-9]) +([1-9][0-9]{2})(?:[ \t]+(.*))?", re.DOTALL)


@dataclass(slots=True)
class Answer:
    """What a receiver answered, as far as it has been read; see outcome.Outcome for the fields.

    `fields` has the headers that frame the body, in lower case, the values joined by commas; these
    are seen even where the kept headers are capped.
    """

    http_version: str
    status: int
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[bytes, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    body: bytes = b""
    truncated: bool = False
    size: int = 0
    has_whole_head: bool = True

    def note(self, code: str) -> None:
        if code not in self.notes:
            self.notes.append(code)

    def header(self, name: str) -> str | None:
        """The first header of that name (in lower case)."""
        return next((value for key, value in self.headers if key.lower() == name), None)


_FRAMING = frozenset(
    [b"content-length", b"transfer-encoding", b"content-encoding", b"connection", b"keep-alive"]
)


def read_status(stream: Stream) -> Answer:
    """The final answer, of which only the status line has been read; interim ones are skipped.

    Raises AttemptError: the connection ended without an answer, it is not HTTP/1, time is up.
    """
    for number in count(1):
        stream.allow(MAX_HEAD)
        answer = _status(stream)
        if answer.status >= 200:
            break
        _skip_interim(stream, answer)
        if number % _INTERIM_BURST == 0:
            # No receiver needs that many; one that goes on till the deadline is slowed down.
            stream.pause(_INTERIM_PAUSE)
    return answer


def _skip_interim(stream: Stream, interim: Answer) -> None:
    if interim.status == 101:
        raise AttemptError("protocol_error", "the receiver switched to another protocol")
    read_headers(stream, interim)
    if not interim.has_whole_head:
        raise AttemptError("protocol_error", "there is no final answer")


def _status(stream: Stream) -> Answer:
    try:
        # Looked at first, since what is not HTTP may never end its line.
        is_http = stream.begins_with(b"HTTP/1.")
        line = stream.line(MAX_LINE) if is_http else b""
    except CutError:
        if not stream.received:
            raise AttemptError("connection_reset", "closed without an answer") from None
        raise AttemptError("protocol_error", "the status line is cut off") from None
    except ExhaustedError:
        raise AttemptError("protocol_error", "the status line has no end") from None
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise AttemptError("protocol_error", "the answer has no HTTP/1.1 status line")
    reason = shown(match[3] or b"")[:MAX_REASON]
    return Answer(http_version=match[1].decode(), status=int(match[2]), reason=reason)


def read_headers(stream: Stream, answer: Answer) -> None:
    """Reads the rest of the head into `answer`. Raises AttemptError when time is up."""
    left = MAX_KEPT
    try:
        while line := stream.line(MAX_LINE):
            if len(line) > MAX_LINE:
                answer.note("headers_capped")
            left -= len(line)
            _take_header(answer, line, is_kept=left >= 0)
    except ExhaustedError:
        answer.note("headers_capped")
        answer.has_whole_head = False
    except CutError:
        answer.note("incomplete_headers")
        answer.has_whole_head = False


def _take_header(answer: Answer, line: bytes, *, is_kept: bool) -> None:
    name, colon, value = line.partition(b":")
    if not colon or not name.strip() or line[0] in b" \t":
        # Neither a header nor, since RFC 7230, the continuation of one.
        answer.note("bad_headers")
        return
    value = value.strip(b" \t")
    key = name.strip().lower()
    if key in _FRAMING:
        before = answer.fields.get(key)
        answer.fields[key] = value if before is None else before + b"," + value
    if is_kept and len(answer.headers) < MAX_HEADERS:
        answer.headers.append((shown(name.strip()), shown(value)))
    else:
        answer.note("headers_capped")


def shown(text: bytes) -> str:
    """Bytes of a header as text: UTF-8, else Latin-1; what cannot be seen escaped (backslash x)."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        decoded = text.decode("latin-1")
    if decoded.isprintable():
        return decoded
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in decoded
    )
