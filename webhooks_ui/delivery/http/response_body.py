"""Reads the body of a response, in bounded memory (RFC 9112 sections 6 and 7)."""

import re
from collections.abc import Iterator

from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.delivery.http.socket_stream import RECEIVE_SIZE, BudgetError, ClosedError, Stream

_WITHOUT_BODY = (204, 304)
_MAX_CHUNK_LINE = 1024
_MAX_TRAILERS = 100
_FRAMING_ROOM = 8  # bytes received for each byte kept: chunks of one byte take six on the wire
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)


class ChunkError(Exception):
    """The chunked coding of a body is broken."""


def read_body(stream: Stream, response: RawResponse, limit: int) -> bool:
    """Reads the body into `response`, keeping `limit` bytes; whether it was read to its end.

    Only then may the connection be reused. Raises AttemptError at the deadline; what has arrived by
    then is in `response`. A content coding is not undone, since none is asked for: the bytes are
    kept as they come, and noted.
    """
    stream.set_budget(_FRAMING_ROOM * limit + RECEIVE_SIZE)
    length, body = _length(response), bytearray()
    try:
        for piece in _pieces(stream, response, length):
            response.size += len(piece)
            body += piece[: limit - len(body)]
            if response.size > limit:
                raise BudgetError
    except ClosedError:
        response.add_note("incomplete_body")
    except ChunkError:
        response.add_note("broken_chunks")
    except BudgetError:
        response.truncated = True
        response.size = max(response.size, length or 0)
    else:
        return length is not None or _is_chunked(response)
    finally:
        response.body = bytes(body)
        if body and response.framing.get(b"content-encoding", b"identity").lower() != b"identity":
            response.add_note("bad_encoding")
    return False


def _is_chunked(response: RawResponse) -> bool:
    codings = response.framing.get(b"transfer-encoding", b"").lower()
    return codings.rpartition(b",")[2].strip() == b"chunked"


def _length(response: RawResponse) -> int | None:
    """The length of the body in bytes; None when chunks or the end of the connection delimit it."""
    if response.status in _WITHOUT_BODY:
        return 0
    text = response.framing.get(b"content-length")
    if text is None or b"transfer-encoding" in response.framing:
        return None
    lengths = {part.strip() for part in text.split(b",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        response.add_note("bad_length")
        return None
    return int(length)


def _pieces(stream: Stream, response: RawResponse, length: int | None) -> Iterator[bytes]:
    if length is not None:
        return _exactly(stream, length)
    if _is_chunked(response):
        return _chunks(stream)
    if "bad_length" in response.notes:
        return _at_hand(stream)
    return _to_the_end(stream)


def _exactly(stream: Stream, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(length)
        if not piece:
            raise ClosedError
        length -= len(piece)
        yield piece


def _to_the_end(stream: Stream) -> Iterator[bytes]:
    while piece := stream.read(RECEIVE_SIZE):
        yield piece


def _at_hand(stream: Stream) -> Iterator[bytes]:
    """What has arrived: without a usable length, waiting for more could take until the deadline."""
    if stream.has_unread():
        yield stream.read(RECEIVE_SIZE)


def _chunks(stream: Stream) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        yield from _exactly(stream, size)
        if stream.read_line(0):
            raise ChunkError
    for _ in range(_MAX_TRAILERS):
        if not stream.read_line(_MAX_CHUNK_LINE):
            return
    raise ChunkError


def _chunk_size(stream: Stream) -> int:
    match = _CHUNK_SIZE.fullmatch(stream.read_line(_MAX_CHUNK_LINE))
    if match is None:
        raise ChunkError
    return int(match[1], 16)
