"""The ways in which an HTTP/1 answer can end, and what each means for the delivery.

A final status line is the receiver's verdict (RFC 9110 section 15, RFC 9112 section 8); what is
missing or wrong below it is noted and costs the connection, not the delivery.
"""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from time import monotonic

import pytest
import trustme

from tests.delivery.conftest import SHORT, SLACK, Receive, Send, ended_at
from tests.delivery.hostile import Behaviour, Peer
from webhooks_ui.delivery.http import exchange
from webhooks_ui.delivery.http.outcome import Outcome

pytestmark = pytest.mark.long

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Ending:
    """An answer, what the receiver does after it, and the verdict.

    `end` is `close`, `reset` or `open`, which is silence. `reused` says whether the connection
    serves the next delivery. `kept` is the verdict on a kept connection where that differs: the
    status, if the request is sent again over a new connection. `curl` is the status that curl
    reports where it differs from ours, or two of them: versions of curl differ.
    """

    name: str
    answer: bytes
    end: str = "open"
    status: int | None = 200
    error: str | None = None
    notes: tuple[str, ...] = ()
    reused: bool = False
    kept: int | str | None = None
    curl: str = ""

    @property
    def is_silent(self) -> bool:
        """Whether more is awaited and does not come."""
        return self.end == "open" and not {"incomplete_body", "incomplete_headers"}.isdisjoint(
            self.notes
        )


def ok(name: str, answer: bytes, end: str = "open", *notes: str, curl: str = "") -> Ending:
    """Accepted, but the connection is not used again."""
    return Ending(name, answer, end, notes=notes, curl=curl)


def reused(name: str, answer: bytes, status: int = 200) -> Ending:
    return Ending(name, answer, status=status, reused=True)


def failed(
    name: str, answer: bytes, end: str, error: str, kept: int | str | None = None, curl: str = "000"
) -> Ending:
    """No final status."""
    return Ending(name, answer, end, None, error, kept=kept, curl=curl)


def cut_off(status: bytes, error: str, end: str) -> Ending:
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 100\r\n\r\nshort"
    name = f"{status.decode()}, body cut off, {end}"
    return Ending(name, answer, end, int(status[:3]), error, ("incomplete_body",))


LENGTH = HEAD + b"Content-Length: %b\r\n"
ENDINGS = [
    # Whole, and no doubt about where they end.
    reused("length", OK),
    reused("length zero", LENGTH % b"0" + b"\r\n"),
    reused("no reason", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    reused("the same length twice", LENGTH % b"2" + b"content-length: 2\r\n\r\nok"),
    reused("line ends without CR", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    reused("chunks", CHUNKED + b"2\r\nok\r\n0\r\n\r\n"),
    reused("chunks with extension and trailer", CHUNKED + b"2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n"),
    reused("204", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    reused("204 with length zero", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204),
    reused("205", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", 205),
    reused("100 and 200", b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    reused("103 and 200", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK),
    reused("1.0 that keeps", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + OK[17:]),
    Ending("1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", reused=True, curl="000"),
    # Whole, but the connection is not to be used again.
    ok("1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ok("Connection: close", HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok"),
    ok("Keep-Alive: timeout=1", HEAD + b"Keep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n"),
    ok("no length, closed", HEAD + b"\r\nok", "close"),
    ok("nothing but the head, closed", HEAD + b"\r\n", "close"),
    ok("bytes after the length", OK + b"and more"),
    ok("a line end after the length", OK + b"\r\n"),
    ok("bytes after the last chunk", CHUNKED + b"0\r\n\r\nmore"),
    ok("two answers", OK + b"HTTP/1.1 500 Pushed\r\nContent-Length: 0\r\n\r\n"),
    ok("body over the limit", LENGTH % b"99999" + b"\r\n" + b"x" * 99999),
    ok("length and chunks", CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ok("chunks in 1.0", b"HTTP/1.0 200 OK\r\n" + CHUNKED[17:] + b"2\r\nok\r\n0\r\n\r\n"),
    ok("coding identity, length", HEAD + b"Transfer-Encoding: identity\r\n" + OK[17:]),
    ok("codings chunked, identity", CHUNKED[:-4] + b", identity\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    Ending("204 with a length", b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", status=204),
    Ending("204 with a body", b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello", status=204),
    Ending("204 in chunks", b"HTTP/1.1 204 None\r\n" + CHUNKED[17:], status=204),
    # Accepted; the rest of the answer is cut off.
    ok("length, five bytes, silence", LENGTH % b"100" + b"\r\nshort", "open", "incomplete_body"),
    ok("length, five bytes, closed", LENGTH % b"100" + b"\r\nshort", "close", "incomplete_body"),
    ok("length, five bytes, reset", LENGTH % b"100" + b"\r\nshort", "reset", "incomplete_body"),
    ok("length, no body, silence", LENGTH % b"100" + b"\r\n", "open", "incomplete_body"),
    ok("no length, silence", HEAD + b"\r\n", "open", "incomplete_body"),
    ok("no length, a body, silence", HEAD + b"\r\nok", "open", "incomplete_body"),
    ok("no length, reset", HEAD + b"\r\nok", "reset"),
    ok("coding identity, silence", CHUNKED[:-11] + b"identity\r\n\r\n", "open", "incomplete_body"),
    ok(
        "event stream",
        HEAD + b"Content-Type: text/event-stream\r\n\r\ndata: 1\n\n",
        "open",
        "incomplete_body",
    ),
    ok("no chunk, silence", CHUNKED, "open", "incomplete_body"),
    ok("chunk cut off, silence", CHUNKED + b"5\r\nhe", "open", "incomplete_body"),
    ok("chunk cut off, closed", CHUNKED + b"5\r\nhe", "close", "incomplete_body"),
    ok("no last chunk, silence", CHUNKED + b"2\r\nok\r\n", "open", "incomplete_body"),
    ok("no last chunk, closed", CHUNKED + b"2\r\nok\r\n", "close", "incomplete_body"),
    ok("trailers without end", CHUNKED + b"0\r\nX: y\r\n", "open", "incomplete_body"),
    ok("status line, silence", HEAD, "open", "incomplete_headers"),
    ok("status line, closed", HEAD, "close", "incomplete_headers"),
    ok("status line, reset", HEAD, "reset", "incomplete_headers"),
    ok("header cut off, silence", HEAD + b"X: y\r\nX-On", "open", "incomplete_headers"),
    ok("header cut off, closed", HEAD + b"X: y\r\nX-On", "close", "incomplete_headers"),
    # Accepted; the rest of the answer is wrong.
    ok("no chunk size", CHUNKED + b"zz\r\nok\r\n", "open", "broken_chunks"),
    ok("chunk without line end", CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", "open", "broken_chunks"),
    ok("length in words", LENGTH % b"two" + b"\r\nok", "open", "bad_length"),
    ok("length below zero", LENGTH % b"-2" + b"\r\nok", "open", "bad_length"),
    ok("two lengths", LENGTH % b"2" + b"Content-Length: 3\r\n\r\nok", "open", "bad_length"),
    ok("coding unknown, closed", CHUNKED[:-4] + b"x\r\n\r\nok", "close", "bad_encoding"),
    ok("coding not last", CHUNKED[:-4] + b", gzip\r\n\r\nok", "close", "bad_encoding"),
    # Refused; the rest of the answer is cut off.
    cut_off(b"302 Found", "redirected", "open"),
    cut_off(b"401 Unauthorized", "http_status", "open"),
    cut_off(b"410 Gone", "http_status", "open"),
    cut_off(b"429 Too Many Requests", "http_status", "open"),
    cut_off(b"500 Broken", "http_status", "open"),
    cut_off(b"503 Busy", "http_status", "close"),
    # No answer.
    failed("nothing, closed", b"", "close", "connection_reset", 200),
    failed("nothing, reset", b"", "reset", "connection_reset", 200),
    failed("silence", b"", "open", "timeout"),
    failed("begun status line, closed", b"HTTP/1.1 2", "close", "connection_reset"),
    failed("begun status line, silence", b"HTTP/1.1 2", "open", "timeout"),
    failed("no line end, closed", b"HTTP/1.1 200 OK", "close", "connection_reset"),
    failed("100, closed", b"HTTP/1.1 100 Go\r\n\r\n", "close", "connection_reset", curl="100"),
    failed("100, silence", b"HTTP/1.1 100 Go\r\n\r\n", "open", "timeout", curl="100"),
    failed(
        "101", b"HTTP/1.1 101 Now\r\nUpgrade: h2c\r\n\r\n", "open", "protocol_error", curl="101"
    ),
    failed("four digits", b"HTTP/1.1 2000 OK\r\n\r\n", "open", "protocol_error", curl="000 or 200"),
    failed("two digits", b"HTTP/1.1 20 OK\r\n\r\n", "open", "protocol_error"),
    # On a kept connection, what is no answer is left over from the one before.
    failed("HTTP/0.9", b"<html>hello</html>", "close", "protocol_error", 200),
    failed("another protocol", b"220 mail ESMTP\r\n", "close", "protocol_error", 200),
    Ending(
        "408, closed",
        b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "close",
        408,
        "http_status",
        kept=200,
    ),
]
each_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)


def finish(peer: Peer, end: str) -> None:
    if end == "reset":
        peer.reset()
    if end == "close":
        # Not closed before the other end has read it all: an early RST would eat it.
        peer.socket.shutdown(socket.SHUT_WR)
    if end != "reset":
        peer.hang()
    raise EOFError


def ends_at(number: int, ending: Ending) -> Behaviour:
    """Answers request `number` by the ending, counted over all connections; the others by OK."""
    count = 0

    def behave(peer: Peer) -> None:
        nonlocal count
        while True:
            peer.read_request()
            count += 1
            peer.send(ending.answer if count == number else OK)
            if count == number and not ending.reused:
                finish(peer, ending.end)

    return behave


@pytest.fixture
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of an answer is awaited for a moment: it came with the head, or never comes."""
    monkeypatch.setattr(exchange, "_REST_TIMEOUT", 0.03)


@pytest.fixture
def long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of an answer is awaited for as long as a busy machine takes."""
    monkeypatch.setattr(exchange, "_REST_TIMEOUT", SLACK)


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def check(outcome: Outcome, ending: Ending) -> None:
    assert (outcome.status_code, outcome.error) == (ending.status, ending.error)
    assert outcome.notes == ending.notes


@each_ending
@pytest.mark.parametrize("is_kept", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_how_an_answer_ends(
    request: pytest.FixtureRequest,
    receive: Receive,
    send: Send,
    server_context: ssl.SSLContext,
    ending: Ending,
    is_kept: bool,
    is_tls: bool,
) -> None:
    request.getfixturevalue("short_rest" if ending.is_silent else "long_rest")
    context = server_context if is_tls else None
    receiver = receive(ends_at(2 if is_kept else 1, ending), context)
    timeout = SHORT if ending.error == "timeout" else 20
    if is_kept:
        assert send(receiver.url(), timeout=timeout).error is None
    outcome = send(receiver.url(), timeout=timeout)
    if is_kept and ending.kept is not None:  # sent again over a new connection
        assert (outcome.status_code, outcome.error) == (ending.kept, None)
        assert [len(peer.received) for peer in receiver.peers] == [2, 1]
        return
    check(outcome, ending)
    if ending.error != "timeout":
        assert outcome.duration_ms < 20_000
    assert len(receiver.peers) == 1  # what was taken is not sent again
    assert send(receiver.url(), timeout=20).error is None
    assert len(receiver.peers) == (1 if ending.reused else 2)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gives_the_same_verdicts(receive: Receive) -> None:
    """All at once; where the time was too short on a busy machine, once more with more of it."""
    running = [curl(receive(ends_at(1, ending)).url(), 1) for ending in ENDINGS]
    for ending, process in zip(ENDINGS, running, strict=True):
        expected = (ending.curl or str(ending.status)).split(" or ")
        if process.communicate()[0] not in expected:
            again = curl(receive(ends_at(1, ending)).url(), 20)
            assert again.communicate()[0] in expected, ending.name


def curl(url: str, seconds: int) -> subprocess.Popen[str]:
    """Starts a request that prints its status in the end, after so many seconds at most."""
    command = ["curl", "-sq", "-m", str(seconds), "-o", "/dev/null", "-w", "%{http_code}"]
    return subprocess.Popen([*command, "-d", "{}", url], stdout=subprocess.PIPE, text=True)


def test_there_are_forty_endings_at_least() -> None:
    assert len({ending.name for ending in ENDINGS}) == len(ENDINGS) >= 40


def test_the_rest_of_an_answer_is_awaited_for_two_seconds(receive: Receive, send: Send) -> None:
    ending = next(each for each in ENDINGS if each.name == "no length, a body, silence")
    outcome = send(receive(ends_at(1, ending)).url(), timeout=60)
    check(outcome, ending)
    assert outcome.body == b"ok"
    assert 1_900 < outcome.duration_ms < 2_000 + SLACK * 1000


LEFTOVERS = [b"\r\n", b"ay", b"more\r\n", b"x" * 200_000, b"<p>HTTP/1</p>\n\nHT"]


@pytest.mark.parametrize("leftover", LEFTOVERS, ids=lambda data: repr(data[:8]))
def test_bytes_that_came_late_are_not_the_next_answer(
    receive: Receive, send: Send, server_context: ssl.SSLContext, leftover: bytes
) -> None:
    """They arrive when the next event has been sent already, just before its answer."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.send(leftover)
        peer.stopped.wait(0.05)
        peer.send(OK.replace(b"200 OK", b"201 Created"))
        peer.hang()

    for context in (None, server_context):
        receiver = receive(behave, context)
        assert send(receiver.url()).status_code == 200
        outcome = send(receiver.url())
        assert (outcome.status_code, outcome.error, outcome.body) == (201, None, b"ok")
        assert [len(peer.received) for peer in receiver.peers] == [2]


@pytest.mark.parametrize("leftover", LEFTOVERS, ids=lambda data: repr(data[:8]))
def test_a_connection_on_which_late_bytes_lie_is_not_used_again(
    receive: Receive, send: Send, server_context: ssl.SSLContext, leftover: bytes
) -> None:
    came = Event()

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        if peer.number == 1:
            peer.stopped.wait(0.05)
            peer.send(leftover[:1000])
            came.set()
        peer.read_request()

    for context in (None, server_context):
        came.clear()
        receiver = receive(behave, context)
        assert send(receiver.url()).error is None
        assert came.wait(SLACK)
        assert send(receiver.url()).error is None
        assert [len(peer.received) for peer in receiver.peers] == [1, 1]


LARGE = b"x" * 20_000_000


def answer_at_the_head(answer: bytes, then: Callable[[Peer], None]) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.socket.recv(1000)
        peer.send(answer)
        then(peer)

    return behave


def is_gone(peer: Peer) -> None:
    """Reads nothing more, and keeps the connection open until the other end closes it."""
    peer.hang()


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("status", [302, 401, 410, 413, 500])
def test_a_refusal_that_comes_while_the_event_is_sent_counts_at_once(
    receive: Receive, send: Send, server_context: ssl.SSLContext, status: int, is_tls: bool
) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status
    context = server_context if is_tls else None
    start = monotonic()
    receiver = receive(answer_at_the_head(answer, is_gone), context)
    outcome = send(receiver.url(), body=LARGE, timeout=60)
    assert (outcome.status_code, outcome.body) == (status, b"no")
    assert outcome.error == ("redirected" if status == 302 else "http_status")
    assert outcome.notes == ("early_answer",)
    assert monotonic() - start < SLACK


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("first", [OK, b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["200", "100"])
def test_a_receiver_that_answers_early_and_reads_on_gets_the_whole_event(
    receive: Receive, send: Send, server_context: ssl.SSLContext, first: bytes, is_tls: bool
) -> None:
    was_read = Event()

    def behave(peer: Peer) -> None:
        left = len(LARGE) - peer.socket.recv(1000).count(b"x")
        peer.send(first)
        while left:
            left -= peer.socket.recv(1_000_000).count(b"x")
        was_read.set()
        if first != OK:
            peer.send(OK)
        peer.hang()

    receiver = receive(behave, server_context if is_tls else None)
    outcome = send(receiver.url(), body=LARGE, timeout=60)
    assert (outcome.status_code, outcome.error, outcome.body) == (200, None, b"ok")
    assert outcome.notes == ()
    assert was_read.wait(SLACK)


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.usefixtures("short_rest")
def test_a_receiver_that_accepts_early_and_stops_reading_has_accepted(
    receive: Receive, send: Send, server_context: ssl.SSLContext, is_tls: bool
) -> None:
    receiver = receive(answer_at_the_head(OK, is_gone), server_context if is_tls else None)
    outcome = send(receiver.url(), body=LARGE, timeout=60)
    assert (outcome.status_code, outcome.error, outcome.body) == (200, None, b"ok")
    assert outcome.notes == ("early_answer",)
    assert outcome.duration_ms < SLACK * 1000


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(("status", "end"), [(200, "stay"), (200, "reset"), (401, "stay")])
def test_an_early_answer_on_a_kept_connection_counts_and_ends_it(
    request: pytest.FixtureRequest,
    receive: Receive,
    send: Send,
    server_context: ssl.SSLContext,
    status: int,
    end: str,
    is_tls: bool,
) -> None:
    """It is an answer, not a stale connection: the event is not sent a second time."""
    if end == "stay":
        request.getfixturevalue("short_rest")

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        if peer.number == 1:
            peer.socket.recv(1000)
            peer.send(b"HTTP/1.1 %d So\r\nContent-Length: 2\r\n\r\nso" % status)
            if end == "reset":
                peer.stopped.wait(1.5)  # until the answer has been read: a reset would eat it
            finish(peer, end)

    receiver = receive(behave, server_context if is_tls else None)
    assert send(receiver.url(), timeout=60).error is None
    outcome = send(receiver.url(), body=LARGE, timeout=60)
    assert (outcome.status_code, outcome.body) == (status, b"so")
    assert outcome.notes == ("early_answer",)
    assert len(receiver.peers) == 1
    assert send(receiver.url(), timeout=60).error is None
    assert len(receiver.peers) == 2


def test_a_receiver_that_accepts_early_and_reads_slowly_has_accepted_at_the_time_out(
    receive: Receive, send: Send
) -> None:
    def read_slowly(peer: Peer) -> None:
        while not peer.stopped.wait(0.02) and peer.socket.recv(1000):
            pass

    receiver = receive(answer_at_the_head(OK, read_slowly))
    outcome = send(receiver.url(), body=LARGE, timeout=SHORT)
    assert (outcome.status_code, outcome.error) == (200, None)
    assert outcome.notes == ("early_answer",)
    assert ended_at(outcome, SHORT)
