"""How connections are opened, fail, are kept and reused."""

import socket
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from tests.delivery.conftest import SHORT, Receive, Send, ended_at
from tests.delivery.hostile import Peer, answering, answering_once
from webhooks_ui.delivery.http import connecting
from webhooks_ui.delivery.http.outcome import OutgoingRequest
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Guard

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NewSender = Callable[..., Sender]


def request(url: str) -> OutgoingRequest:
    return OutgoingRequest(url, (("webhook-id", "msg_1"),), b"{}")


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is taken, so that nobody else takes it, and on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that does not take connections any more: its queue is full."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        first.connect(listening.getsockname())
        yield listening.getsockname()[1]


def test_a_refused_connection(send: Send, unused_port: int) -> None:
    outcome = send(f"http://127.0.0.1:{unused_port}/")
    assert (outcome.error, outcome.status_code) == ("connection_refused", None)
    assert (outcome.address, outcome.detail) == ("127.0.0.1", "Connection refused")
    assert outcome.timings_ms["connect"] is outcome.timings_ms["first_byte"] is None


def test_a_connection_that_is_not_accepted_in_time(send: Send, deaf_port: int) -> None:
    outcome = send(f"http://127.0.0.1:{deaf_port}/", timeout=SHORT)
    assert outcome.error == "connection_timeout"
    assert ended_at(outcome, SHORT)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(113, "No route to host"), "unreachable"),
        (OSError(101, "Network is unreachable"), "unreachable"),
        (OSError(99, "Cannot assign requested address"), "unreachable"),
        (PermissionError(1, "Operation not permitted"), "unreachable"),
        (OSError(24, "Too many open files"), "unreachable"),
        (TimeoutError(110, "Connection timed out"), "connection_timeout"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection_reset"),
        (ConnectionAbortedError(103, "Software caused connection abort"), "connection_reset"),
    ],
)
def test_each_way_not_to_connect_has_its_code(
    send: Send, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(connecting, "begin", fail)
    outcome = send("http://127.0.0.1:9/")
    assert (outcome.error, outcome.address) == (code, "127.0.0.1")
    assert outcome.detail


def reset_at_once(peer: Peer) -> None:
    peer.reset()


def reset_after_the_request(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


def close_after_the_request(peer: Peer) -> None:
    peer.read_request()


@pytest.mark.parametrize(
    "behaviour", [reset_at_once, reset_after_the_request, close_after_the_request]
)
def test_a_connection_that_ends_without_an_answer(
    receive: Receive, send: Send, behaviour: Callable[[Peer], None]
) -> None:
    receiver = receive(behaviour)
    outcome = send(receiver.url())
    assert (outcome.error, outcome.status_code) == ("connection_reset", None)
    assert outcome.detail
    assert len(receiver.peers) == 1  # not sent again: it was a fresh connection


def test_an_answer_that_comes_before_the_body_was_read_counts(receive: Receive, send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.socket.recv(100)
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        peer.reset()

    outcome = send(receive(behave).url(), body=b"x" * 50_000_000)
    assert (outcome.error, outcome.status_code) == ("http_status", 413)


def test_connections_are_kept_and_used_again(receive: Receive, send: Send) -> None:
    receiver = receive(answering(OK))
    first, second = send(receiver.url()), send(receiver.url("/other"))
    assert first.timings_ms["connect"] is not None
    assert second.timings_ms["connect"] is second.timings_ms["tls"] is None
    assert second.timings_ms["first_byte"] is not None
    assert second.address == "127.0.0.1"
    assert len(receiver.peers) == 1
    assert [received.line for received in receiver.requests] == [
        "POST /hook HTTP/1.1",
        "POST /other HTTP/1.1",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, Close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=1\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999,
        b"HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n\r\n",
    ],
)
def test_a_connection_that_is_not_clean_is_not_used_again(
    receive: Receive, send: Send, answer: bytes
) -> None:
    receiver = receive(answering(answer))
    assert [send(receiver.url()).status_code for _ in range(2)] == [200, 200]
    assert len(receiver.peers) == 2


def test_http_1_0_may_keep_a_connection(receive: Receive, send: Send) -> None:
    answer = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"
    receiver = receive(answering(answer))
    assert [send(receiver.url()).error for _ in range(2)] == [None, None]
    assert len(receiver.peers) == 1


def test_a_connection_closed_between_two_deliveries_is_not_a_failure(
    receive: Receive, send: Send
) -> None:
    def answer_once_and_close(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)

    receiver = receive(answer_once_and_close)
    for number in range(1, 4):
        assert send(receiver.url()).error is None
        receiver.wait_until_done(number)
    assert [len(peer.received) for peer in receiver.peers] == [1, 1, 1]


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_connection_closed_just_when_it_is_used_again_is_replaced_once(
    receive: Receive, send: Send, ending: str
) -> None:
    def end_at_the_second_request(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        if peer.number > 1:
            peer.send(OK)
        elif ending == "reset":
            peer.reset()

    receiver = receive(end_at_the_second_request)
    assert send(receiver.url()).error is None
    outcome = send(receiver.url())
    assert (outcome.error, outcome.body) == (None, b"ok")
    assert outcome.timings_ms["connect"] is not None
    assert [len(peer.received) for peer in receiver.peers] == [2, 1]
    assert {received.header("webhook-id") for received in receiver.requests} == {"msg_1"}


def test_a_new_connection_that_fails_too_is_a_failure(receive: Receive, send: Send) -> None:
    def answer_the_first_only(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 1:
            peer.send(OK)
            peer.read_request()

    receiver = receive(answer_the_first_only)
    assert send(receiver.url()).error is None
    assert send(receiver.url()).error == "connection_reset"
    assert [len(peer.received) for peer in receiver.peers] == [2, 1]


def test_a_failure_after_a_kept_connection_timed_out_has_its_own_timings(
    receive: Receive, send: Send
) -> None:
    def say_408_at_the_second_request(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 1:
            peer.send(OK)
            peer.read_request()
            peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    receiver = receive(say_408_at_the_second_request)
    assert send(receiver.url()).error is None
    outcome = send(receiver.url())
    assert (outcome.error, outcome.status_code) == ("connection_reset", None)
    assert outcome.timings_ms["first_byte"] is None
    assert [len(peer.received) for peer in receiver.peers] == [2, 1]


def test_a_kept_connection_that_began_to_answer_is_not_replaced(
    receive: Receive, send: Send
) -> None:
    def break_the_second_answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.send(b"HTTP/1.1 2")

    receiver = receive(break_the_second_answer)
    assert send(receiver.url()).error is None
    assert send(receiver.url()).error == "connection_reset"
    assert len(receiver.peers) == 1


def test_a_kept_connection_that_hangs_is_not_replaced(receive: Receive, send: Send) -> None:
    def hang_at_the_second(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.hang()

    receiver = receive(hang_at_the_second)
    assert send(receiver.url(), timeout=SHORT).error is None
    assert send(receiver.url(), timeout=SHORT).error == "timeout"
    assert len(receiver.peers) == 1


def test_an_answer_nobody_asked_for_is_never_taken_for_the_next_one(
    receive: Receive, send: Send
) -> None:
    sent = Event()

    def push(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        if peer.number == 1:
            peer.send(b"HTTP/1.1 500 Pushed\r\nContent-Length: 0\r\n\r\n")
            sent.set()
        peer.read_request()
        peer.send(OK)

    receiver = receive(push)
    assert send(receiver.url()).error is None
    assert sent.wait(5)
    assert send(receiver.url()).status_code == 200


class Names:
    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def __call__(self, host: str, port: int) -> list[str]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_name_that_does_not_resolve(new_sender: NewSender) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    outcome = new_sender(guard=Guard(resolve=fail)).send(request("http://crm.example/"))
    assert (outcome.error, outcome.detail, outcome.address) == ("dns_failure", "not found", None)


def test_a_resolver_that_hangs_ends_with_the_attempt(new_sender: NewSender) -> None:
    go_on = Event()

    def hang(host: str, port: int) -> list[str]:
        go_on.wait(10)
        return []

    sender = new_sender(timeout=SHORT, guard=Guard(resolve=hang))
    outcome = sender.send(request("http://crm.example/"))
    go_on.set()
    assert (outcome.error, outcome.detail) == ("dns_failure", "timeout")
    assert ended_at(outcome, SHORT)


def test_a_blocked_address_is_not_connected_to(receive: Receive, new_sender: NewSender) -> None:
    receiver = receive(answering(OK))
    outcome = new_sender(guard=Guard()).send(request(receiver.url()))
    assert (outcome.error, outcome.address) == ("blocked_address", "127.0.0.1")
    assert outcome.detail == "loopback"
    assert not receiver.peers


def test_one_blocked_address_of_several_blocks_them_all(
    receive: Receive, new_sender: NewSender
) -> None:
    receiver = receive(answering(OK))
    guard = Guard(["127.0.0.1"], Names(["127.0.0.1", "10.0.0.1"]))
    outcome = new_sender(guard=guard).send(request(receiver.url(host="crm.example")))
    assert (outcome.error, outcome.address) == ("blocked_address", "10.0.0.1")
    assert not receiver.peers


def test_the_connection_goes_to_the_address_that_was_checked(
    receive: Receive, new_sender: NewSender
) -> None:
    receiver = receive(answering(OK))
    guard = Guard(["127.0.0.1"], Names(["127.0.0.1"], ["127.0.0.2"]))
    sender = new_sender(guard=guard)
    for _ in range(3):
        outcome = sender.send(request(receiver.url(host="crm.example")))
        assert (outcome.error, outcome.address) == (None, "127.0.0.1")
        assert outcome.timings_ms["dns"] is not None
    assert receiver.requests[0].header("Host") == f"crm.example:{receiver.port}"


def test_a_kept_connection_is_used_only_for_an_address_that_is_still_allowed(
    receive: Receive, new_sender: NewSender
) -> None:
    receiver = receive(answering(OK))
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    sender = new_sender(guard=Guard(["127.0.0.1"], names, remember=0))
    assert sender.send(request(receiver.url(host="crm.example"))).error is None
    outcome = sender.send(request(receiver.url(host="crm.example")))
    assert (outcome.error, outcome.address) == ("blocked_address", "127.0.0.2")
    assert len(receiver.requests) == 1


def test_a_kept_connection_of_one_host_is_not_used_for_another(
    receive: Receive, new_sender: NewSender
) -> None:
    receiver = receive(answering(OK))
    sender = new_sender(guard=Guard(["127.0.0.1"], Names(["127.0.0.1"])))
    sender.send(request(receiver.url(host="one.example")))
    sender.send(request(receiver.url(host="two.example")))
    assert len(receiver.peers) == 2


def test_the_next_address_is_tried_when_one_fails(receive: Receive, new_sender: NewSender) -> None:
    receiver = receive(answering(OK))
    guard = Guard(["127.0.0.0/8"], Names(["127.0.0.9", "127.0.0.1"]))
    outcome = new_sender(guard=guard).send(request(receiver.url(host="crm.example")))
    assert (outcome.error, outcome.address) == (None, "127.0.0.1")


def test_a_host_that_has_moved_is_resolved_again_after_a_failure(
    receive: Receive, new_sender: NewSender
) -> None:
    receiver = receive(answering(OK))
    guard = Guard(["127.0.0.0/8"], Names(["127.0.0.9"], ["127.0.0.1"]), remember=1000)
    sender = new_sender(guard=guard)
    assert sender.send(request(receiver.url(host="crm.example"))).error == "connection_refused"
    assert sender.send(request(receiver.url(host="crm.example"))).error is None


def test_ipv6(receive: Receive, send: Send) -> None:
    receiver = receive(answering(OK), host="::1")
    outcome = send(receiver.url())
    assert (outcome.error, outcome.address) == (None, "::1")
    assert receiver.requests[0].header("Host") == f"[::1]:{receiver.port}"


def test_idle_connections_are_bounded(receive: Receive, new_sender: NewSender) -> None:
    receivers = [receive(answering(OK)) for _ in range(4)]
    sender = new_sender(pool=Pool(size=2))
    for receiver in receivers:
        assert sender.send(request(receiver.url())).error is None
    for receiver in receivers[:2]:
        receiver.wait_until_done(1)
    for receiver in reversed(receivers):
        assert sender.send(request(receiver.url())).error is None
    assert [len(receiver.peers) for receiver in receivers] == [2, 2, 1, 1]


@pytest.mark.parametrize(("limit", "seconds"), [("idle", 20.5), ("age", 301)])
def test_connections_are_kept_for_a_time_only(
    receive: Receive, new_sender: NewSender, limit: str, seconds: float
) -> None:
    late = [0.0]
    pool = Pool(clock=lambda: time.monotonic() + late[0], max_idle=20 if limit == "idle" else 1000)
    receiver = receive(answering(OK))
    sender = new_sender(pool=pool)
    sender.send(request(receiver.url()))
    late[0] = seconds
    sender.send(request(receiver.url()))
    assert len(receiver.peers) == 2


def test_closing_the_sender_closes_its_connections(receive: Receive, new_sender: NewSender) -> None:
    receiver = receive(answering(OK))
    sender = new_sender()
    sender.send(request(receiver.url()))
    sender.close()
    receiver.wait_until_done(1)
    assert sender.send(request(receiver.url())).error is None
    receiver.wait_until_done(2)


def test_one_answer_without_keeping(receive: Receive, send: Send) -> None:
    receiver = receive(answering_once(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"))
    outcome = send(receiver.url())
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"until the end", ())
