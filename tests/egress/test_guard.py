"""Which addresses a webhook may reach, and how its host is resolved."""

import socket
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Event, Lock, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.waiting import wait_until
from webhooks_ui.egress import guard as guard_module
from webhooks_ui.egress import resolver as resolver_module
from webhooks_ui.egress.guard import Address, Blocked, Guard
from webhooks_ui.egress.ip_ranges import NOT_PUBLIC, is_this_machine
from webhooks_ui.egress.resolver import BoundedResolver, DnsFailure, system_resolve
from webhooks_ui.egress.target_url import parse

PUBLIC = "93.184.215.14"
PUBLIC6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


class Names:
    """A resolver of fixed names that counts how often it is asked."""

    def __init__(self, **answers: Iterable[str] | Exception) -> None:
        self.answers = answers
        self.asked = 0

    def __call__(self, host: str, port: int) -> Iterable[str]:
        self.asked += 1
        answer = self.answers[host]
        if isinstance(answer, Exception):
            raise answer
        return answer


def allows(guard: Guard, address: str | IPv4Address | IPv6Address) -> bool:
    """Whether a webhook may connect to this address."""
    return isinstance(guard.check(str(address), 80, 1), tuple)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        f"::{PUBLIC}",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        f"::ffff:0:{PUBLIC}",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "64:ff9b:1::169.254.169.254",
        f"64:ff9b:1:1::{PUBLIC}",
        "2606:2800::5efe:10.0.0.1",
        "2606:2800::200:5efe:127.0.0.1",
        f"fe80::5efe:{PUBLIC}",
        "161.26.0.10",
        "166.8.0.1",
        "166.11.255.254",
        "100::1",
        "100:0:0:1::1",
        "2001::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%2",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not allows(Guard(), address)


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        f"::ffff:{PUBLIC}",
        PUBLIC6,
        "2a00::1",
        f"64:ff9b::{PUBLIC}",
        f"64:ff9b:1::{PUBLIC}",
        f"2606:2800::5efe:{PUBLIC}",
        "166.12.0.1",
    ],
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert allows(Guard(), address)


def test_every_address_of_a_refused_range_is_refused_up_to_its_edges() -> None:
    guard = Guard()
    for network in map(ip_network, NOT_PUBLIC):
        assert not allows(guard, network[0])
        assert not allows(guard, network[-1])


@settings(deadline=None)
@given(st.ip_addresses())
def test_nothing_that_python_knows_as_special_is_ever_allowed(
    address: IPv4Address | IPv6Address,
) -> None:
    if allows(Guard(), address):
        assert (
            address.is_global
            or (isinstance(address, IPv6Address) and address.ipv4_mapped)
            or (address in ip_network("64:ff9b:1::/96"))
        )
        assert not address.is_multicast
        assert not address.is_reserved or address.version == 6


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_mapped_address_is_judged_as_the_ipv4_address(address: IPv4Address) -> None:
    guard = Guard(["10.0.0.0/8"])
    assert allows(guard, f"::ffff:{address}") == allows(guard, address)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_another_is_never_allowed(address: IPv4Address) -> None:
    number = int(address)
    for prefix, shift in [("::ffff:0:0:0", 0), ("::", 0), ("2002::", 80)]:
        assert not allows(Guard(), IPv6Address(int(IPv6Address(prefix)) | number << shift))


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_address_of_nat64_is_judged_by_the_ipv4_address_in_it(address: IPv4Address) -> None:
    guard = Guard(["10.0.0.0/8"])
    for prefix in ("64:ff9b::", "64:ff9b:1::"):
        assert allows(guard, f"{prefix}{address}") == allows(guard, address)


def test_a_connection_through_nat64_goes_to_the_address_of_the_answer() -> None:
    guard = Guard(resolve=Names(crm=[f"64:ff9b::{PUBLIC}"]))
    found = guard.check("crm", 443, 1)
    assert isinstance(found, tuple)
    assert found[0].family == socket.AF_INET6


def test_this_machine_is_refused_at_its_public_addresses_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard_module, "is_this_machine", lambda address: str(address) == PUBLIC)
    refused = Guard(resolve=Names(crm=[PUBLIC])).check("crm", 443, 1)
    assert refused == Blocked("crm", PUBLIC, "own")
    assert "this server itself" in str(refused.message)
    assert not allows(Guard(), PUBLIC)
    assert allows(Guard([PUBLIC]), PUBLIC)
    assert allows(Guard(), "1.1.1.1")


def test_addresses_of_this_machine_are_known() -> None:
    for address in ("127.0.0.1", "::1"):
        assert is_this_machine(ip_address(address))


@settings(deadline=None)
@given(st.ip_addresses())
def test_an_allowed_address_is_reachable_whatever_it_is(
    address: IPv4Address | IPv6Address,
) -> None:
    assert allows(Guard([str(address)]), address)


def test_allowed_networks_open_their_addresses_and_no_others() -> None:
    guard = Guard(["10.0.0.0/8", "127.0.0.1", "fd00::/8", "fe80::/10"])
    assert allows(guard, "10.255.0.1")
    assert allows(guard, "127.0.0.1")
    assert allows(guard, "::ffff:10.0.0.1")
    assert allows(guard, "fd00::1")
    assert allows(guard, "fe80::1%2")
    assert not allows(guard, "127.0.0.2")
    assert not allows(guard, "192.168.0.1")
    assert not allows(guard, "::1")


def test_an_allowed_host_may_lead_anywhere_and_others_may_not() -> None:
    names = Names(crm=["10.0.0.5"], other=["10.0.0.5"])
    guard = Guard(["CRM."], names)
    assert guard.check("crm", 80, 1) == (Address("10.0.0.5", socket.AF_INET),)
    assert guard.check("other", 80, 1) == Blocked("other", "10.0.0.5", "private")


def test_a_malformed_range_is_an_error() -> None:
    with pytest.raises(ValueError, match="10\\.0\\.0\\.0/33"):
        Guard(["10.0.0.0/33"])


def test_one_address_that_is_not_allowed_refuses_the_whole_answer() -> None:
    guard = Guard(resolve=Names(crm=[PUBLIC, PUBLIC6, "169.254.169.254"]))
    assert guard.check("crm", 443, 1) == Blocked("crm", "169.254.169.254", "link_local")


def test_addresses_come_in_the_order_of_the_answer_and_unwrapped() -> None:
    guard = Guard(resolve=Names(crm=[PUBLIC6, "::ffff:1.1.1.1", PUBLIC]))
    assert guard.check("crm", 443, 1) == (
        Address(PUBLIC6, socket.AF_INET6),
        Address("1.1.1.1", socket.AF_INET),
        Address(PUBLIC, socket.AF_INET),
    )


def test_a_literal_address_is_checked_without_asking_anybody() -> None:
    guard = Guard(resolve=Names())
    assert guard.check(PUBLIC, 443, 1) == (Address(PUBLIC, socket.AF_INET),)
    assert guard.check("127.0.0.1", 443, 1) == Blocked("127.0.0.1", "127.0.0.1", "loopback")
    assert guard.check("::ffff:7f00:1", 80, 1) == Blocked("::ffff:7f00:1", "127.0.0.1", "loopback")


def test_checked_addresses_are_cached_for_seconds_and_refusals_are_not() -> None:
    clock = [0.0]
    names = Names(crm=[PUBLIC])
    guard = Guard(resolve=names, remember=5, clock=lambda: clock[0])
    guard.check("crm", 80, 1)
    names.answers["crm"] = ["127.0.0.1"]
    clock[0] = 4.9
    assert guard.check("crm", 80, 1) == (Address(PUBLIC, socket.AF_INET),)
    assert names.asked == 1
    clock[0] = 5.0
    assert isinstance(guard.check("crm", 80, 1), Blocked)
    assert isinstance(guard.check("crm", 80, 1), Blocked)
    assert names.asked == 3


def test_a_forgotten_host_is_resolved_again() -> None:
    names = Names(crm=[PUBLIC])
    guard = Guard(resolve=names)
    guard.check("crm", 80, 1)
    guard.forget("crm", 80)
    guard.forget("never-asked", 80)
    guard.check("crm", 80, 1)
    assert names.asked == 2


def test_the_cache_is_bounded() -> None:
    guard = Guard(resolve=lambda host, port: [PUBLIC])
    for port in range(1, 5000):
        guard.check(PUBLIC, port, 1)
    assert len(guard._remembered) <= 4096


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "not_found"),
        (socket.gaierror(socket.EAI_NODATA, "no data"), "no_address"),
        (socket.gaierror(socket.EAI_AGAIN, "again"), "temporary"),
        (socket.gaierror(socket.EAI_FAIL, "failed"), "failed"),
        (OSError("some other"), "failed"),
        (RuntimeError("a resolver's own mistake"), "failed"),
        ((), "no_address"),
        (["not an address"], "failed"),
    ],
)
def test_a_failed_look_up_is_a_value(answer: list[str] | Exception, detail: str) -> None:
    assert Guard(resolve=Names(crm=answer)).check("crm", 80, 1) == DnsFailure("crm", detail)


def test_a_save_is_refused_with_a_message_that_names_the_setting() -> None:
    names = Names(crm=["10.0.0.5"], unknown=socket.gaierror(socket.EAI_NONAME, ""), fine=[PUBLIC])
    guard = Guard(resolve=names)

    def message(url: str) -> str:
        refusal = guard.refusal(parse(url), 1)
        assert refusal is not None
        return str(refusal.message)

    assert "crm leads to 10.0.0.5" in message("https://crm/")
    assert "WEBHOOKS_UI_ALLOWED_NETWORKS" in message("https://crm/")
    assert message("https://127.0.0.1/").startswith("127.0.0.1 is not a public address")
    assert "WEBHOOKS_UI_ALLOWED_NETWORKS" in message("https://127.0.0.1/")
    assert "unknown" in message("https://unknown/")
    assert guard.refusal(parse("https://fine/"), 1) is None


class Hanging:
    """A resolver that hangs until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lock = Lock()
        self.begun = Event()
        self.go_on = Event()

    def __call__(self, host: str, port: int) -> list[str]:
        with self.lock:
            self.asked.append(host)
        self.begun.set()
        if host.startswith("hang"):
            self.go_on.wait(10)
        return [PUBLIC]


@pytest.fixture
def hanging() -> Iterable[Hanging]:
    resolver = Hanging()
    yield resolver
    resolver.go_on.set()


def test_a_resolver_that_hangs_is_a_time_out(hanging: Hanging) -> None:
    assert Guard(resolve=hanging).check("hang", 80, 0.05) == DnsFailure("hang", "timeout")
    assert str(DnsFailure("hang", "timeout").message)


def test_a_hanging_name_is_asked_for_once_and_other_names_go_on(hanging: Hanging) -> None:
    guard = Guard(resolve=hanging)
    for _ in range(5):
        assert guard.check("hang", 80, 0.01) == DnsFailure("hang", "timeout")
    assert guard.check("fine", 80, 5) == (Address(PUBLIC, socket.AF_INET),)
    assert hanging.asked == ["hang", "fine"]


def test_many_hanging_names_take_a_bounded_number_of_threads(hanging: Hanging) -> None:
    resolver = BoundedResolver(hanging, threads=3)
    before = set(threading.enumerate())
    for number in range(20):
        answer = resolver.resolve(f"hang{number}", 80, 0.01)
        assert answer == DnsFailure(f"hang{number}", "timeout")
    assert len(set(threading.enumerate()) - before) == 3
    assert len(hanging.asked) == 3
    hanging.go_on.set()
    # What nobody waits for any more is not begun once the threads are free again.
    assert resolver.resolve("fine", 80, 5) == (PUBLIC,)
    assert hanging.asked[3:] == ["fine"]


def test_callers_that_want_one_name_at_once_share_one_look_up(hanging: Hanging) -> None:
    resolver = BoundedResolver(hanging)
    answers: list[object] = []
    callers = [
        Thread(target=lambda: answers.append(resolver.resolve("hang", 80, 10))) for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    assert hanging.begun.wait(5)
    hanging.go_on.set()
    for caller in callers:
        caller.join()
    assert answers == [(PUBLIC,)] * 8


def test_a_thread_ends_with_its_look_up(hanging: Hanging) -> None:
    resolver = BoundedResolver(hanging)
    before = {*threading.enumerate()}  # some of other tests', which may end meanwhile
    for number in range(50):
        assert resolver.resolve(f"fine{number}", 80, 5) == (PUBLIC,)
    wait_until(lambda: before.issuperset(threading.enumerate()), what="the last thread's end")


class CountedFuture(Future[Any]):
    """Counts who waits for it."""

    waiting = 0

    def result(self, timeout: float | None = None) -> Any:
        self.waiting += 1
        return super().result(timeout)


def test_callers_that_wait_for_a_thread_share_the_look_up_too(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver_module, "Future", CountedFuture)
    resolver = BoundedResolver(hanging, threads=1)
    assert resolver.resolve("hang", 80, 0.01) == DnsFailure("hang", "timeout")
    answers: list[object] = []

    def ask(timeout: float) -> None:
        answers.append(resolver.resolve("fine", 80, timeout))

    callers = [Thread(target=ask, args=(timeout,)) for timeout in (0.05, 10, 10)]
    for caller in callers:
        caller.start()
    callers[0].join()

    def is_shared() -> bool:
        """Whether one of the others waits for a thread, and the last for that one's look-up."""
        look_up = resolver._lookups.get(("fine", 80))
        return isinstance(look_up, CountedFuture) and look_up.waiting > 0

    wait_until(is_shared, what="the last caller")
    hanging.go_on.set()
    for caller in callers:
        caller.join()
    assert answers == [DnsFailure("fine", "timeout"), (PUBLIC,), (PUBLIC,)]
    assert hanging.asked == ["hang", "fine"]


def test_a_system_without_threads_is_a_failure(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    resolver = BoundedResolver(hanging, threads=1)
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", refuse)
        for _ in range(2):
            assert resolver.resolve("fine", 80, 5) == DnsFailure("fine", "failed")
    assert resolver.resolve("fine", 80, 5) == (PUBLIC,)


def test_the_systems_answer_is_a_list_of_addresses_each_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (PUBLIC6, 443, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    assert system_resolve("crm.example", 443) == [PUBLIC6, PUBLIC]
