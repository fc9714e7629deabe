"""Requests through a proxy: what it is asked, and each way in which it can fail."""

import base64
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
import trustme

from tests.delivery.conftest import SHORT, Receive, ended_at
from tests.delivery.hostile import Behaviour, Hostile, Peer, answering
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.egress.guard import Guard
from webhooks_ui.explanations import verdicts
from webhooks_ui.settings.addresses import Proxy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONNECTED = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
PUBLIC, PUBLIC6 = "93.184.216.34", "2606:2800::1"  # the proxy is asked for them, and reached alone


def tunnelling(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Behaviour:
    """A proxy that opens a tunnel to a receiver, which behaves so at its end."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(CONNECTED)
        if context:
            peer.socket = context.wrap_socket(peer.socket, server_side=True)
        behaviour(peer)

    return behave


SendBy = Callable[..., Outcome]


@pytest.fixture
def send_by(ca_file: object) -> Iterator[SendBy]:
    """One attempt through a proxy: `send_by(proxy, url, addresses=..., login=..., timeout=...)`."""
    senders: list[Sender] = []

    def attempt(
        proxy: Hostile | Proxy,
        url: str,
        *,
        addresses: tuple[str, ...] = (PUBLIC,),
        login: tuple[str, str] = ("", ""),
        timeout: float = 5.0,
    ) -> Outcome:
        if isinstance(proxy, Hostile):
            proxy = Proxy("127.0.0.1", proxy.port, *login)
        guard = Guard(["127.0.0.1"], lambda _host, _port: addresses)
        sender = Sender(guard, timeout=timeout, ca_file=str(ca_file), proxy=proxy)
        senders.append(sender)
        outcome = sender.send(OutgoingRequest(url, (("webhook-id", "msg_1"),), b"{}"))
        assert "unexpected" not in outcome.detail
        return outcome

    yield attempt
    for one in senders:
        one.close()


def words(outcome: Outcome) -> verdicts.Verdict:
    return verdicts.verdict("failed", outcome.error, None, detail=outcome.detail)


def test_plain_http_goes_through_a_tunnel_to_the_checked_address(
    receive: Receive, send_by: SendBy
) -> None:
    """A URL would have the proxy resolve the name, and put its host in place of ours."""
    proxy = receive(tunnelling(answering(OK)))
    outcome = send_by(proxy, "http://crm.example:8080/hook")
    assert (outcome.error, outcome.address, outcome.notes) == (None, PUBLIC, ("via_proxy",))
    asked, sent = proxy.requests
    assert (asked.line, asked.header("Host")) == (
        f"CONNECT {PUBLIC}:8080 HTTP/1.1",
        f"{PUBLIC}:8080",
    )
    assert (sent.line, sent.header("Host")) == ("POST /hook HTTP/1.1", "crm.example:8080")
    assert asked.header("Proxy-Authorization") is sent.header("Proxy-Authorization") is None
    assert asked.header("webhook-id") is None


def test_https_is_made_with_the_receiver(
    receive: Receive, send_by: SendBy, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("crm.example", common_name="crm").configure_cert(context)
    proxy = receive(tunnelling(answering(OK), context))
    outcome = send_by(proxy, "https://crm.example/", addresses=(PUBLIC6,))
    assert (outcome.error, outcome.notes) == (None, ("via_proxy",))
    assert outcome.tls is not None
    assert "CN=crm" in outcome.tls.subject
    assert proxy.requests[0].line == f"CONNECT [{PUBLIC6}]:443 HTTP/1.1"


def test_a_refused_certificate_is_read_through_the_proxy_too(
    receive: Receive, send_by: SendBy
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("crm.example", common_name="crm").configure_cert(context)
    proxy = receive(tunnelling(answering(OK), context))
    outcome = send_by(proxy, "https://crm.example/")
    assert (outcome.error, outcome.notes) == ("tls_failure", ("via_proxy",))
    assert outcome.tls is not None
    assert "CN=crm" in outcome.tls.subject
    assert len(proxy.peers) == 2


def test_a_login_is_given_to_the_proxy_alone(receive: Receive, send_by: SendBy) -> None:
    proxy = receive(tunnelling(answering(OK)))
    outcome = send_by(proxy, "http://crm.example/", login=("вебхуки", "a:b"))
    assert outcome.error is None
    asked, sent = proxy.requests
    pair = base64.b64encode("вебхуки:a:b".encode()).decode()
    assert asked.header("Proxy-Authorization") == f"Basic {pair}"
    assert sent.header("Proxy-Authorization") is None
    assert "a:b" not in repr(Proxy("h", 1, "вебхуки", "a:b"))


def test_a_tunnel_is_kept_and_used_again(receive: Receive, ca_file: object) -> None:
    proxy = receive(tunnelling(answering(OK)))
    guard = Guard([], lambda _host, _port: [PUBLIC])
    sender = Sender(guard, timeout=5, proxy=Proxy("127.0.0.1", proxy.port))
    for _ in range(2):
        outcome = sender.send(OutgoingRequest("http://crm.example/", (), b"{}"))
        assert (outcome.error, outcome.notes) == (None, ("via_proxy",))
    sender.close()
    assert [len(peer.received) for peer in proxy.peers] == [3]


@pytest.mark.parametrize("addresses", [("10.0.0.1",), (PUBLIC, "169.254.169.254"), ("::1",)])
def test_what_the_guard_refuses_never_reaches_the_proxy(
    receive: Receive, send_by: SendBy, addresses: tuple[str, ...]
) -> None:
    proxy = receive(tunnelling(answering(OK)))
    assert send_by(proxy, "http://crm.example/", addresses=addresses).error == "blocked_address"
    assert not proxy.peers


def test_this_machine_is_reached_without_the_proxy(receive: Receive, send_by: SendBy) -> None:
    """127.0.0.1 would be the proxy's own; a built-in receiver is there."""
    proxy, receiver = receive(tunnelling(answering(OK))), receive(answering(OK))
    outcome = send_by(proxy, receiver.url())
    assert (outcome.error, outcome.notes, len(proxy.peers)) == (None, (), 0)
    assert len(receiver.peers) == 1


@pytest.mark.parametrize(
    ("answer", "detail", "title"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            b'Proxy-Authenticate: Basic realm="x"\r\nContent-Length: 3\r\n\r\nno!',
            "proxy answered 407 Proxy Authentication Required",
            "The proxy asks for a login.",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n",
            "proxy answered 403 Forbidden",
            "The proxy does not let the request out.",
        ),
        (
            b"HTTP/1.0 502 Bad Gateway\r\n\r\n",
            "proxy answered 502 Bad Gateway",
            "The proxy could not reach the receiver.",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n",
            "proxy answered 302 Found",
            "The proxy does not let the request out.",
        ),
        (
            b"HTTP/1.1 200 OK\r\n\r\nhello",
            "proxy: it sent more than an answer to CONNECT",
            "The proxy is out of reach.",
        ),
        (
            b"SSH-2.0-OpenSSH\r\n",
            "proxy: the answer has no HTTP/1.1 status line",
            "The proxy is out of reach.",
        ),
        (b"", "proxy: closed without an answer", "The proxy is out of reach."),
    ],
)
def test_each_refusal_of_the_proxy_has_words_of_its_own(
    receive: Receive, send_by: SendBy, answer: bytes, detail: str, title: str
) -> None:
    def refuse(peer: Peer) -> None:
        peer.read_request()
        peer.send(answer)

    outcome = send_by(receive(refuse), "http://crm.example/")
    assert (outcome.error, outcome.detail) == ("unreachable", detail)
    assert (outcome.status_code, outcome.address, outcome.notes) == (None, PUBLIC, ("via_proxy",))
    assert words(outcome).title == title


def test_a_proxy_that_does_not_answer_ends_with_the_attempt(
    receive: Receive, send_by: SendBy
) -> None:
    outcome = send_by(receive(lambda peer: peer.hang()), "http://crm.example/", timeout=SHORT)
    assert (outcome.error, words(outcome).title) == ("unreachable", "The proxy is out of reach.")
    assert ended_at(outcome, SHORT)


def test_a_proxy_that_is_not_there(send_by: SendBy) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        proxy = Proxy("127.0.0.1", bound.getsockname()[1])
        outcome = send_by(proxy, "http://crm.example/")
    assert outcome.error == "unreachable"
    assert outcome.detail.startswith("proxy: Connection refused")
    assert "WEBHOOKS_UI_EGRESS_PROXY" in words(outcome).next_step


def test_a_proxy_whose_name_is_not_known(ca_file: object) -> None:
    def resolve(host: str, _port: int) -> list[str]:
        if host == "proxy.example":
            raise OSError(-2, "Name or service not known")
        return [PUBLIC]

    sender = Sender(Guard([], resolve), timeout=5, proxy=Proxy("proxy.example", 3128))
    outcome = sender.send(OutgoingRequest("http://crm.example/", (), b"{}"))
    assert (outcome.error, outcome.detail) == ("unreachable", "proxy: its name cannot be resolved")


def test_an_address_that_the_proxy_cannot_reach_is_followed_by_the_next(
    receive: Receive, send_by: SendBy
) -> None:
    def by_address(peer: Peer) -> None:
        if PUBLIC6 in peer.read_request().line:
            peer.send(b"HTTP/1.1 503 No IPv6\r\n\r\n")
            return
        peer.send(CONNECTED)
        answering(OK)(peer)

    proxy = receive(by_address)
    outcome = send_by(proxy, "http://crm.example/", addresses=(PUBLIC6, PUBLIC))
    assert (outcome.error, outcome.address) == (None, PUBLIC)


def test_a_407_of_the_receiver_is_not_the_proxys(receive: Receive, send_by: SendBy) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    outcome = send_by(receive(tunnelling(answering(answer))), "http://crm.example/")
    assert (outcome.error, outcome.status_code) == ("http_status", 407)
