"""Hosts of several addresses, some of which do not answer (RFC 8305)."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.delivery.conftest import Receive, ended_at
from tests.delivery.hostile import Hostile, answering
from webhooks_ui.delivery.http import connecting
from webhooks_ui.delivery.http.connecting import ConnectError, Connector, connect
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Address, Guard

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
SILENT6, SILENT4 = "2606:2800::1", "93.184.216.34"  # never reached: `begin` is replaced


def address(text: str) -> Address:
    return Address(text, socket.AF_INET6 if ":" in text else socket.AF_INET)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, float]]]:
    """Connecting to an address that is not this machine's never ends; what is tried, and when."""
    begin, found = connecting.begin, []
    silent: list[socket.socket] = []

    def begin_here(to: Address, port: int) -> socket.socket:
        found.append((to.text, time.monotonic()))
        if to.text in ("127.0.0.1", "::1", "127.0.0.9"):
            return begin(to, port)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        while True:  # a full socket is not ready to be written to
            try:
                ours.send(b"x" * 65536)
            except BlockingIOError:
                break
        silent.append(theirs)
        return ours

    monkeypatch.setattr(connecting, "begin", begin_here)
    yield found
    for one in silent:
        one.close()


def connected(addresses: Sequence[str], port: int, seconds: float = 5) -> str:
    made, winner = connect([*map(address, addresses)], port, time.monotonic() + seconds)
    made.close()
    return winner.text


def test_a_silent_address_costs_a_quarter_of_a_second(
    tried: list[tuple[str, float]], receive: Receive
) -> None:
    receiver = receive(answering(OK))
    assert connected([SILENT6, "127.0.0.1"], receiver.port) == "127.0.0.1"
    assert 0.2 <= tried[1][1] - tried[0][1] < 1


def test_an_address_that_fails_is_followed_at_once(
    tried: list[tuple[str, float]], receive: Receive
) -> None:
    receiver = receive(answering(OK))
    assert connected(["127.0.0.9", "127.0.0.1"], receiver.port) == "127.0.0.1"
    assert tried[1][1] - tried[0][1] < 0.2


def test_the_families_take_turns(tried: list[tuple[str, float]], receive: Receive) -> None:
    receiver = receive(answering(OK))
    connected([SILENT6, "2606:2800::2", "127.0.0.1"], receiver.port)
    assert [text for text, _ in tried] == [SILENT6, "127.0.0.1"]


def test_the_first_address_may_still_win(receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "DELAY", 5.0)
    receiver = receive(answering(OK), host="::1")
    assert connected(["::1", "127.0.0.9"], receiver.port) == "::1"


def test_when_all_are_silent_the_time_out_ends_it(tried: list[tuple[str, float]]) -> None:
    start = time.monotonic()
    with pytest.raises(ConnectError) as failure:
        connected([SILENT6, SILENT4], 9, 0.4)
    assert (failure.value.code, failure.value.address.text) == ("connection_timeout", SILENT6)
    assert 0.35 <= time.monotonic() - start < 5
    assert len(tried) == 2


def test_a_silent_address_and_a_refusal_are_a_time_out(tried: list[tuple[str, float]]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectError) as failure:
            connected([SILENT6, "127.0.0.1"], bound.getsockname()[1], 0.4)
    assert (failure.value.code, failure.value.address.text) == ("connection_timeout", SILENT6)


def test_of_many_addresses_eight_are_tried(tried: list[tuple[str, float]]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectError) as failure:
            connected(["127.0.0.1"] * 500, bound.getsockname()[1])
    assert failure.value.code == "connection_refused"
    assert len(tried) == 8


def test_what_worked_is_tried_first_for_ten_minutes(
    tried: list[tuple[str, float]], receive: Receive
) -> None:
    receiver, moment = receive(answering(OK)), [0.0]
    connector = Connector(lambda: moment[0])
    host, both = ("crm.example", receiver.port), [address(SILENT6), address("127.0.0.1")]

    def first_tried() -> str:
        tried.clear()
        connector.connect(host, both, time.monotonic() + 5)[0].close()
        return tried[0][0]

    assert [first_tried(), first_tried()] == [SILENT6, "127.0.0.1"]
    moment[0] = 601.0
    assert [first_tried(), first_tried()] == [SILENT6, "127.0.0.1"]


def test_what_worked_is_used_only_while_the_name_leads_there(
    tried: list[tuple[str, float]], receive: Receive
) -> None:
    receiver = receive(answering(OK))
    connector, host = Connector(), ("crm.example", receiver.port)
    for addresses in (["127.0.0.9", "127.0.0.1"], [SILENT6, "127.0.0.9"]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connecting, "DELAY", 0.01)
            tried.clear()
            try:
                deadline = time.monotonic() + 0.2
                connector.connect(host, [*map(address, addresses)], deadline)[0].close()
            except ConnectError:
                pass
    assert "127.0.0.1" not in [text for text, _ in tried]


@pytest.fixture
def deaf_v6(receive: Receive) -> Iterator[Hostile]:
    """A receiver on 127.0.0.1 whose port takes no connections on ::1, since its queue is full."""
    receiver = receive(answering(OK))
    with (
        socket.socket(socket.AF_INET6) as listening,
        socket.socket(socket.AF_INET6) as first,
    ):
        listening.bind(("::1", receiver.port))
        listening.listen(0)
        first.connect(("::1", receiver.port))
        yield receiver


def test_a_host_whose_ipv6_is_silent(deaf_v6: Hostile, new_sender: Callable[..., Sender]) -> None:
    guard = Guard(["127.0.0.1", "::1"], lambda _host, _port: ["::1", "127.0.0.1"])
    sender = new_sender(guard=guard, pool=Pool(size=0))

    def send() -> Outcome:
        return sender.send(OutgoingRequest(deaf_v6.url(host="crm.example"), (), b"{}"))

    first, second = send(), send()
    assert (first.error, first.address, second.address) == (None, "127.0.0.1", "127.0.0.1")
    assert ended_at(first, 0.25)
    assert (second.timings_ms["connect"] or 0) < 200
