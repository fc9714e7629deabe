"""Reads the body of an answer: as much as is kept, and little more (RFC 9112 sections 6 and 7)."""

import re
from collections.abc import Iterator

from webhooks_ui.delivery.http.body_buffer import Plain, Unpacking
from webhooks_ui.delivery.http.response_head import Answer
from webhooks_ui.delivery.http.socket_stream import RECEIVE, CutError, ExhaustedError, Stream

_WITHOUT_BODY = (204, 304)
_MAX_CHUNK_LINE = 1024
_MAX_TRAILERS = 100
_FRAMING_ROOM = 8  # times the body: what chunks of one byte take on the wire, and more
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)


class ChunksError(Exception):
    """A body that says it comes in chunks does not."""


def read_body(stream: Stream, answer: Answer, limit: int) -> bool:
    """Reads the body into `answer` and keeps `limit` bytes; whether it was read to its end.

    Only then may the connection be used again. Raises AttemptError when time is up; what had come
    by then is in `answer`.
    """
    stream.allow(_FRAMING_ROOM * limit + RECEIVE)
    sink = _sink(answer, limit)
    try:
        return _fill(sink, stream, answer)
    except CutError:
        answer.note("incomplete_body")
    except ChunksError:
        answer.note("broken_chunks")
    except ExhaustedError:
        answer.truncated = True
    finally:
        answer.body = sink.kept
        if sink.is_broken and answer.size and not answer.truncated:
            answer.note("bad_encoding")
    return False


def _fill(sink: Plain | Unpacking, stream: Stream, answer: Answer) -> bool:
    length = _length(answer)
    for piece in _pieces(stream, answer, length):
        answer.size += len(piece)
        if not sink.take(piece):
            answer.truncated = True
            answer.size = max(answer.size, length or 0)
            return False
    return length is not None or _is_chunked(answer)


def _sink(answer: Answer, limit: int) -> Plain | Unpacking:
    encoding = answer.fields.get(b"content-encoding", b"").lower()
    if encoding in (b"gzip", b"x-gzip", b"deflate"):
        return Unpacking(limit)
    if encoding not in (b"", b"identity"):
        answer.note("bad_encoding")
    return Plain(limit)


def _is_chunked(answer: Answer) -> bool:
    codings = answer.fields.get(b"transfer-encoding", b"").lower()
    return codings.rpartition(b",")[2].strip() == b"chunked"


def _length(answer: Answer) -> int | None:
    """The bytes of the body; None when only its own framing or the connection's end tells."""
    if answer.status in _WITHOUT_BODY:
        return 0
    text = answer.fields.get(b"content-length")
    if text is None or b"transfer-encoding" in answer.fields:
        return None
    lengths = {part.strip() for part in text.split(b",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        answer.note("bad_length")
        return None
    return int(length)


def _pieces(stream: Stream, answer: Answer, length: int | None) -> Iterator[bytes]:
    if length is not None:
        return _exactly(stream, length)
    if _is_chunked(answer):
        return _chunks(stream)
    if "bad_length" in answer.notes:
        return _at_hand(stream)
    return _to_the_end(stream)


def _exactly(stream: Stream, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.piece(length)
        if not piece:
            raise CutError
        length -= len(piece)
        yield piece


def _to_the_end(stream: Stream) -> Iterator[bytes]:
    while piece := stream.piece(RECEIVE):
        yield piece


def _at_hand(stream: Stream) -> Iterator[bytes]:
    """What has come already: without a length one would wait for more until the time is up."""
    if stream.has_rest():
        yield stream.piece(RECEIVE)


def _chunks(stream: Stream) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        yield from _exactly(stream, size)
        if stream.line(0):
            raise ChunksError
    for _ in range(_MAX_TRAILERS):
        if not stream.line(_MAX_CHUNK_LINE):
            return
    raise ChunksError


def _chunk_size(stream: Stream) -> int:
    match = _CHUNK_SIZE.fullmatch(stream.line(_MAX_CHUNK_LINE))
    if match is None:
        raise ChunksError
    return int(match[1], 16)
