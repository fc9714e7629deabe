"""Reads the body of a response, in bounded memory (RFC 9112 sections 6 and 7)."""

import re
from collections.abc import Iterator

from webhooks_ui.delivery.http.response_head import Answer
from webhooks_ui.delivery.http.socket_stream import RECEIVE, CutError, ExhaustedError, Stream

_WITHOUT_BODY = (204, 304)
_MAX_CHUNK_LINE = 1024
_MAX_TRAILERS = 100
_FRAMING_ROOM = 8  # bytes read for each byte kept: chunks of one byte take six on the wire
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)


class ChunksError(Exception):
    """The chunked coding of a body is broken."""


def read_body(stream: Stream, answer: Answer, limit: int) -> bool:
    """Reads the body into `answer`, keeping `limit` bytes; returns whether it was read to its end.

    Only then may the connection be reused. Raises AttemptError at the deadline; what has arrived by
    then is in `answer`. A content coding is not undone, since none is asked for: the bytes are kept
    as they come, and noted.
    """
    stream.allow(_FRAMING_ROOM * limit + RECEIVE)
    length, body = _length(answer), bytearray()
    try:
        for piece in _pieces(stream, answer, length):
            answer.size += len(piece)
            body += piece[: limit - len(body)]
            if answer.size > limit:
                raise ExhaustedError
    except CutError:
        answer.note("incomplete_body")
    except ChunksError:
        answer.note("broken_chunks")
    except ExhaustedError:
        answer.truncated = True
        answer.size = max(answer.size, length or 0)
    else:
        return length is not None or _is_chunked(answer)
    finally:
        answer.body = bytes(body)
        if body and answer.fields.get(b"content-encoding", b"identity").lower() != b"identity":
            answer.note("bad_encoding")
    return False


def _is_chunked(answer: Answer) -> bool:
    codings = answer.fields.get(b"transfer-encoding", b"").lower()
    return codings.rpartition(b",")[2].strip() == b"chunked"


def _length(answer: Answer) -> int | None:
    """The length of the body in bytes; None when chunks or the end of the connection delimit it."""
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
    """What has arrived: without a usable length, waiting for more could take until the deadline."""
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
