"""Whatever a receiver does, an attempt ends in time and in bounded memory."""

import socket
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import cycle
from threading import Timer
from time import monotonic

import pytest

from tests.delivery.conftest import SHORT, SLACK, Receive, Send, ended_at
from tests.delivery.hostile import Behaviour, Peer, answering
from webhooks_ui.delivery.http.outcome import Outcome
from webhooks_ui.delivery.http.socket_stream import DeadlineError, Stream

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def hang(peer: Peer) -> None:
    peer.read_request()
    peer.hang()


def hang_after(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)
        peer.hang()

    return behave


def drip(first: bytes, dripping: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(first)
        peer.drip(cycle(dripping))

    return behave


def flood(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send_for_ever(data)

    return behave


def test_receivers_that_take_too_long_end_at_the_time_out(receive: Receive, send: Send) -> None:
    behaviours = [
        hang,
        hang_after(b"HTTP/1.1 2"),
        hang_after(b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"HTTP/1.1 200 ", b"x"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        flood(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 1000),
    ]
    for outcome in at_once(receive, send, behaviours, SHORT):
        assert (outcome.error, outcome.status_code) == ("timeout", None)
        assert ended_at(outcome, SHORT)


def test_the_rest_of_an_answer_is_awaited_until_the_time_out_at_most(
    receive: Receive, send: Send
) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9999\r\n\r\n"
    behaviours = [
        hang_after(HEAD + b"X-One: 1\r\n"),
        drip(HEAD + b"X-One: ", b"1"),
        drip(HEAD, b"X: y\r\n"),
        hang_after(HEAD + b"Content-Length: 10\r\n\r\nshort"),
        drip(HEAD + b"Content-Length: 10000\r\n\r\n", b"x"),
        drip(HEAD + b"\r\n", b"x"),
        drip(CHUNKED, b"1\r\nx\r\n"),
        hang_after(CHUNKED + b"5\r\nhello\r\n0\r\n"),
        drip(moved, b"x"),
    ]
    timeout = 1.5  # less than the rest is awaited for, and enough for nine heads
    outcomes = at_once(receive, send, behaviours, timeout)
    for outcome in outcomes:
        assert outcome.notes[0].startswith("incomplete_")
        assert ended_at(outcome, timeout)
    assert [(one.error, one.status_code) for one in outcomes] == [
        *[(None, 200)] * 8,
        ("redirected", 302),
    ]


def at_once(
    receive: Receive, send: Send, behaviours: Sequence[Behaviour], timeout: float
) -> list[Outcome]:
    """An attempt at a receiver of each behaviour, all at the same time."""
    urls = [receive(behaviour).url() for behaviour in behaviours]
    send(receive(answering(HEAD + b"Content-Length: 0\r\n\r\n")).url(), timeout=timeout)
    with ThreadPoolExecutor(len(urls)) as threads:
        return [*threads.map(partial(send, timeout=timeout), urls)]


def test_what_arrived_before_the_deadline_is_kept(receive: Receive, send: Send) -> None:
    answer = HEAD + b"X-One: 1\r\nContent-Length: 10\r\n\r\nshort"
    outcome = send(receive(hang_after(answer)).url(), timeout=SHORT)
    assert outcome.headers == (("X-One", "1"), ("Content-Length", "10"))
    assert (outcome.body, outcome.size) == (b"short", 5)


def test_a_receiver_that_does_not_read_ends_at_the_time_out(receive: Receive, send: Send) -> None:
    receiver = receive(lambda peer: peer.hang())
    outcome = send(receiver.url(), body=b"x" * 50_000_000, timeout=SHORT)
    assert outcome.error == "timeout"
    assert ended_at(outcome, SHORT)


def test_a_receiver_that_reads_slowly_ends_at_the_time_out(receive: Receive, send: Send) -> None:
    def read_slowly(peer: Peer) -> None:
        while not peer.stopped.wait(0.01):
            peer.socket.recv(1000)

    outcome = send(receive(read_slowly).url(), body=b"x" * 50_000_000, timeout=SHORT)
    assert outcome.error == "timeout"
    assert ended_at(outcome, SHORT)


def test_one_time_out_holds_for_a_kept_connection_and_its_replacement(
    receive: Receive, send: Send
) -> None:
    def second_request_kills_then_hangs(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 1:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            peer.read_request()
            peer.stopped.wait(SHORT / 2)
        else:
            peer.hang()

    receiver = receive(second_request_kills_then_hangs)
    assert send(receiver.url(), timeout=SHORT).error is None
    outcome = send(receiver.url(), timeout=SHORT)
    assert outcome.error == "timeout"
    assert ended_at(outcome, SHORT)


@pytest.fixture
def ends() -> Iterator[tuple[Stream, socket.socket]]:
    """A stream, and the other end of its connection."""
    ours, theirs = socket.socketpair()
    with closing(Stream(ours)) as stream, theirs:
        yield stream, theirs


def test_a_short_attempt_does_not_shorten_the_next_on_its_connection(
    ends: tuple[Stream, socket.socket],
) -> None:
    stream, theirs = ends
    stream.begin(monotonic() + 0.05)
    stream.set_budget(100)
    with pytest.raises(DeadlineError):
        stream.read(100)
    stream.begin(monotonic() + 10)
    stream.set_budget(100)
    later = Timer(0.2, theirs.sendall, [b"late, and yet in time"])
    later.start()
    assert stream.read(100) == b"late, and yet in time"
    later.join()


def test_a_long_attempt_does_not_lengthen_the_next_on_its_connection(
    ends: tuple[Stream, socket.socket],
) -> None:
    stream, theirs = ends
    stream.begin(monotonic() + 100)
    stream.set_budget(100)
    theirs.sendall(b"at once")
    assert stream.read(100) == b"at once"
    start = monotonic()
    stream.begin(start + 0.05)
    stream.set_budget(100)
    with pytest.raises(DeadlineError):
        stream.read(100)
    assert monotonic() - start < SLACK


def _peak(attempt: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        attempt()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


OK, MOVED = b"200 OK", b"302 Found\r\nLocation: /"


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (OK, b"Content-Length: 10000000\r\n\r\n" + b"text " * 2_000_000),
        (MOVED, b"Content-Length: 10000000\r\n\r\n" + b"text " * 2_000_000),
        (OK, b"Transfer-Encoding: chunked\r\n\r\n989680\r\n" + b"text " * 2_000_000),
        (OK, b"X: " + b"x" * 10_000_000 + b"\r\n\r\n"),
        (OK, (b"X: " + b"y" * 45 + b"\r\n") * 60_000 + b"\r\n"),
    ],
    ids=["long body", "of a redirect", "long chunk", "long header", "many headers"],
)
def test_memory_stays_flat(receive: Receive, send: Send, status: bytes, rest: bytes) -> None:
    receiver = receive(answering(b"HTTP/1.1 " + status + b"\r\n" + rest))
    send(receiver.url())  # what is loaded at first use does not count
    outcomes = []
    assert _peak(lambda: outcomes.append(send(receiver.url()))) < 1_500_000
    assert outcomes[0].status_code == int(status[:3])
    assert len(outcomes[0].body) <= 65536
    assert outcomes[0].truncated or outcomes[0].notes == ("headers_capped",)
