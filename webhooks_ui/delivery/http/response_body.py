"""Reads the body of a response, in bounded memory (RFC 9112 sections 6 and 7)."""

import re
from collections.abc import Iterator

from webhooks_ui.delivery.http.response_head import RawResponse
from webhooks_ui.delivery.http.socket_stream import (
    RECEIVE_SIZE,
    BudgetError,
    ClosedError,
    DeadlineError,
    Stream,
)

_WITHOUT_BODY = (204, 304)
_CHUNKED = b"chunked"
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, Zstandard: sent without saying so
_MAX_CHUNK_LINE = 1024
_MAX_TRAILERS = 100
_FRAMING_ROOM = 8  # bytes received for each byte kept: chunks of one byte take six on the wire
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)


class ChunkError(Exception):
    """The chunked coding of a body is broken."""


def read_body(stream: Stream, response: RawResponse, limit: int) -> bool:
    """Reads the body into `response`, keeping `limit` bytes; whether it was read to its end.

    Only then may the connection be reused. What is missing is noted. Of a body that is encoded,
    which is not asked for, nothing is kept: it may hold secrets where nobody can mask them.
    """
    stream.set_budget(_FRAMING_ROOM * limit + RECEIVE_SIZE)
    codings = _codings(response)
    length, body = _length(response, codings), bytearray()
    try:
        for piece in _pieces(stream, response, length, codings):
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
        return (length is not None or codings[-1:] == [_CHUNKED]) and not _is_doubtful(response)
    finally:
        if body and _is_encoded(response, codings, body):
            response.add_note("bad_encoding")
            response.truncated = False
        else:
            response.body = bytes(body)
    return False


def _codings(response: RawResponse) -> list[bytes]:
    """The transfer codings; `identity` was one until RFC 7230 and means none."""
    codings = response.framing.get(b"transfer-encoding", b"").lower().split(b",")
    return [coding for part in codings if (coding := part.strip()) not in (b"", b"identity")]


def _is_encoded(response: RawResponse, codings: list[bytes], body: bytearray) -> bool:
    content_coding = response.framing.get(b"content-encoding", b"identity").lower()
    is_transfer_coded = any(coding != _CHUNKED for coding in codings)
    return content_coding != b"identity" or is_transfer_coded or body.startswith(_MAGIC)


def _is_doubtful(response: RawResponse) -> bool:
    """Whether the head can be read in two ways as to where the response ends.

    The connection is not used again then (RFC 9112 sections 6.1 and 6.3).
    """
    length = response.framing.get(b"content-length")
    codings = response.framing.get(b"transfer-encoding")
    if response.status in _WITHOUT_BODY:
        return codings is not None or length not in (None, b"0")
    if codings is None:
        return False
    return length is not None or codings.lower() != _CHUNKED or response.http_version == "1.0"


def _length(response: RawResponse, codings: list[bytes]) -> int | None:
    """The length of the body in bytes; None when chunks or the end of the connection delimit it."""
    if response.status in _WITHOUT_BODY:
        return 0
    text = response.framing.get(b"content-length")
    if text is None or codings:
        return None
    lengths = {part.strip() for part in text.split(b",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        response.add_note("bad_length")
        return None
    return int(length)


def _pieces(
    stream: Stream, response: RawResponse, length: int | None, codings: list[bytes]
) -> Iterator[bytes]:
    if length is not None:
        return _exactly(stream, length)
    if codings[-1:] == [_CHUNKED]:
        return _chunks(stream)
    if "bad_length" in response.notes:
        return _at_hand(stream)
    return _to_the_end(stream)


def _exactly(stream: Stream, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(length)
        length -= len(piece)
        yield piece


def _to_the_end(stream: Stream) -> Iterator[bytes]:
    try:
        while True:
            yield stream.read(RECEIVE_SIZE)
    except DeadlineError:
        raise
    except ClosedError:
        return


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
