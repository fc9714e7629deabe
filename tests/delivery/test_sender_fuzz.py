"""Whatever bytes a receiver sends, reading them ends in a status or a known error."""

import socket
from contextlib import closing, suppress
from threading import Thread
from time import monotonic

from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks_ui.delivery.http.connection import Trace
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.exchange import exchange
from webhooks_ui.delivery.http.socket_stream import Stream

NOTES = {
    "headers_capped",
    "bad_headers",
    "incomplete_headers",
    "bad_length",
    "incomplete_body",
    "broken_chunks",
    "bad_encoding",
    "early_answer",
}
LIMIT = 50
_PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.0 204\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 500\r\n",
        b"Content-Length: -5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Connection: close\r\n",
        b"Keep-Alive: timeout=5\r\n",
        b"X: \x00\xff\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"ffffffff\r\n",
        b"hello",
        b"x" * 100,
    ]
)
_ANSWERS = st.one_of(
    st.lists(_PIECES, max_size=12).map(b"".join),
    st.lists(_PIECES, max_size=12).map(lambda pieces: b"HTTP/1.1 200 OK\r\n" + b"".join(pieces)),
    st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=12).map(b"".join),
    st.binary(max_size=300),
)


def _conversation(answer: bytes, step: int) -> tuple[Trace, AttemptError | None]:
    trace = Trace()
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs, suppress(OSError):  # the reader may leave before the end
            for start in range(0, len(answer), step):
                theirs.sendall(answer[start : start + step])

    speaker = Thread(target=speak)
    speaker.start()
    error = None
    with closing(Stream(ours)) as stream:
        try:
            exchange(stream, b"POST / HTTP/1.1\r\n\r\n", b"", monotonic() + 5, trace, LIMIT)
        except AttemptError as raised:
            error = raised
    speaker.join()
    return trace, error


@settings(deadline=None)
@given(_ANSWERS, st.sampled_from([1, 3, 1000]))
def test_any_answer_ends_in_a_status_or_a_known_error(answer: bytes, step: int) -> None:
    trace, error = _conversation(answer, step)
    if error is not None:
        assert error.code in ("connection_reset", "protocol_error")
        assert trace.response is None
        return
    assert trace.response is not None
    assert 200 <= trace.response.status <= 999
    assert len(trace.response.body) <= LIMIT
    assert NOTES.issuperset(trace.response.notes)
    assert all(text.isprintable() for pair in trace.response.headers for text in pair)


@settings(deadline=None)
@given(_ANSWERS)
def test_how_an_answer_is_cut_into_packets_does_not_matter(answer: bytes) -> None:
    (whole, error), (dripped, other_error) = _conversation(answer, 1000), _conversation(answer, 1)
    assert (error and error.code) == (other_error and other_error.code)
    if whole.response is not None and dripped.response is not None:
        for part in ("status", "reason", "headers"):
            assert getattr(whole.response, part) == getattr(dripped.response, part)
        if "bad_length" not in {*whole.response.notes, *dripped.response.notes}:
            assert whole.response.body == dripped.response.body
            # Whether a closed connection has taken the request is a matter of timing.
            notes = [
                set(each.notes) - {"early_answer"} for each in (whole.response, dripped.response)
            ]
            assert notes[0] == notes[1]
