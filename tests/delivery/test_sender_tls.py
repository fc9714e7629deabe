"""Receivers over TLS: who is trusted, and each way in which a handshake can fail."""

import socket
import ssl
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
import trustme

from tests.delivery.conftest import SHORT, SLACK, Receive, Send, ended_at
from tests.delivery.hostile import Peer, answering
from tests.support import pem
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest, TlsFacts
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.http.tls import client_context, facts
from webhooks_ui.egress.guard import Guard
from webhooks_ui.explanations import verdicts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def server_context(
    authority: trustme.CA, *names: str, expires: datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(*names, common_name=names[0], not_after=expires)
    certificate.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority, "127.0.0.1", "::1", "crm.example")


def test_a_trusted_receiver_and_its_facts(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    outcome = send(receive(answering(OK), context).url())
    assert (outcome.error, outcome.body, outcome.notes) == (None, b"ok", ())
    assert outcome.timings_ms["tls"] is not None
    facts = outcome.tls
    assert facts is not None
    assert facts.version == "TLSv1.3"
    assert facts.cipher.startswith("TLS_")
    assert "CN=127.0.0.1" in facts.subject
    assert "trustme" in facts.issuer
    assert set(facts.san) == {"127.0.0.1", "::1", "crm.example"}
    begin, end = map(datetime.fromisoformat, (facts.not_before, facts.not_after))
    assert begin < datetime.now(UTC) < end


def test_a_certificate_with_an_unusual_name_is_no_error(
    receive: Receive, send: Send, authority: trustme.CA, tmp_path: Path
) -> None:
    made, file = pem.with_party_name(authority), tmp_path / "unusual.pem"
    file.write_text(made.key + made.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    outcome = send(receive(answering(OK), context).url())
    assert (outcome.error, outcome.body) == (None, b"ok")
    assert outcome.tls is not None
    assert (outcome.tls.subject, outcome.tls.san) == ("CN=party.example", ())


def test_a_certificate_that_we_cannot_read_leaves_the_connections_own_facts() -> None:
    own = pem.text(trustme.CA(organization_name="Acme_Company@Home").cert_pem)
    bits = b"\x03\x11\x00cme_Company@Home"
    odd = ssl.PEM_cert_to_DER_cert(pem.patched(own, (b"\x0c\x11Acme_Company@Home", bits)))
    secured = Mock(spec=ssl.SSLSocket)
    secured.configure_mock(
        **{
            "version.return_value": "TLSv1.3",
            "cipher.return_value": ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256),
            "getpeercert.return_value": odd,
        }
    )
    assert facts(secured) == TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384")


def test_a_kept_connection_keeps_its_facts(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    receiver = receive(answering(OK), context)
    first, second = send(receiver.url()), send(receiver.url())
    assert len(receiver.peers) == 1
    assert second.timings_ms["tls"] is None
    assert second.tls == first.tls


def test_a_name_is_given_to_the_receiver_and_checked(
    receive: Receive, new_sender: Callable[..., Sender], authority: trustme.CA
) -> None:
    context = server_context(authority, "crm.example")
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    receiver = receive(answering(OK), context)
    sender = new_sender(guard=Guard(["127.0.0.1"], lambda host, port: ["127.0.0.1"]))
    outcome = sender.send(OutgoingRequest(receiver.url(host="crm.example"), (), b"{}"))
    assert outcome.error is None
    assert asked == ["crm.example"]


def test_a_dot_at_the_end_of_the_host_is_looked_up_and_told_to_nobody(
    receive: Receive, new_sender: Callable[..., Sender], authority: trustme.CA
) -> None:
    """Under a search domain, `crm.example` without it may be another host."""
    context = server_context(authority, "crm.example")
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    receiver = receive(answering(OK), context)
    looked_up: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    sender = new_sender(guard=Guard(["crm.example"], resolve))
    outcome = sender.send(OutgoingRequest(receiver.url(host="crm.example."), (), b"{}"))
    assert (outcome.error, looked_up, asked) == (None, ["crm.example."], ["crm.example"])
    assert receiver.requests[0].header("Host") == f"crm.example:{receiver.port}"


def test_ipv6_over_tls(receive: Receive, send: Send, context: ssl.SSLContext) -> None:
    assert send(receive(answering(OK), context, host="::1").url()).error is None


@pytest.fixture
def refused(receive: Receive, send: Send) -> Callable[[ssl.SSLContext], tuple[str, str]]:
    """Sends to a receiver whose certificate is refused; the title of the verdict, the subject."""

    def attempt(context: ssl.SSLContext) -> tuple[str, str]:
        receiver = receive(answering(OK), context)
        outcome = send(receiver.url())
        assert (outcome.error, outcome.status_code) == ("tls_failure", None)
        assert outcome.address == "127.0.0.1"
        assert not receiver.requests
        assert outcome.tls is not None
        verdict = verdicts.verdict("failed", outcome.error, None, detail=outcome.detail)
        return str(verdict.title), outcome.tls.subject

    return attempt


Refused = Callable[[ssl.SSLContext], tuple[str, str]]


def test_an_expired_certificate(refused: Refused, authority: trustme.CA) -> None:
    expires = datetime.now(UTC) - timedelta(days=1)
    title, subject = refused(server_context(authority, "127.0.0.1", expires=expires))
    assert "expired" in title
    assert "CN=127.0.0.1" in subject


def test_a_certificate_for_another_host(refused: Refused, authority: trustme.CA) -> None:
    title, subject = refused(server_context(authority, "other.example"))
    assert "another host" in title
    assert "CN=other.example" in subject


def test_a_certificate_of_an_unknown_authority(refused: Refused) -> None:
    title, subject = refused(server_context(trustme.CA(), "127.0.0.1"))
    assert "not trusted" in title or "self-signed" in title
    assert "CN=127.0.0.1" in subject


@pytest.fixture
def failing(receive: Receive, send: Send) -> Callable[..., str]:
    """Sends over TLS to a behaviour that knows none; the title of the verdict."""

    def attempt(behaviour: Callable[[Peer], None], timeout: float = 5) -> str:
        receiver = receive(behaviour)
        outcome = send(receiver.url().replace("http:", "https:"), timeout=timeout)
        assert (outcome.error, outcome.status_code, outcome.tls) == ("tls_failure", None, None)
        assert outcome.duration_ms / 1000 <= timeout + SLACK
        return str(verdicts.verdict("failed", outcome.error, None, detail=outcome.detail).title)

    return attempt


def test_plain_http_on_a_tls_port(failing: Callable[..., str]) -> None:
    def answer_plainly(peer: Peer) -> None:
        peer.socket.recv(100)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.hang()

    assert "https" in failing(answer_plainly)


def test_a_stalled_handshake(failing: Callable[..., str]) -> None:
    assert "in time" in failing(lambda peer: peer.hang(), timeout=SHORT)


def test_a_dripped_handshake(failing: Callable[..., str]) -> None:
    def drip(peer: Peer) -> None:
        peer.send(b"\x16\x03\x03\x40\x00")
        peer.drip(b"\x02\x00\x3f\xfc" + b"\x03" * 10_000)

    assert "in time" in failing(drip, timeout=SHORT)


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_connection_that_ends_in_the_handshake(failing: Callable[..., str], ending: str) -> None:
    def end(peer: Peer) -> None:
        peer.socket.recv(4096)
        if ending == "reset":
            peer.reset()

    assert failing(end)


def test_old_tls_is_refused(receive: Receive, send: Send, authority: trustme.CA) -> None:
    context = server_context(authority, "127.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    outcome = send(receive(answering(OK), context).url())
    assert outcome.error == "tls_failure"
    verdict = verdicts.verdict("failed", outcome.error, None, detail=outcome.detail)
    assert "too old" in str(verdict.title)


def test_tls_1_2_is_fine(receive: Receive, send: Send, authority: trustme.CA) -> None:
    context = server_context(authority, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    outcome = send(receive(answering(OK), context).url())
    assert outcome.error is None
    assert outcome.tls is not None
    assert outcome.tls.version == "TLSv1.2"


def test_a_receiver_that_wants_a_certificate_of_ours(
    receive: Receive, send: Send, authority: trustme.CA
) -> None:
    context = server_context(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    outcome = send(receive(answering(OK), context).url())
    assert outcome.error == "tls_failure"
    assert "certificate required" in outcome.detail


def test_a_receiver_that_speaks_http_2_only(
    receive: Receive, send: Send, authority: trustme.CA
) -> None:
    context = server_context(authority, "127.0.0.1")
    context.set_alpn_protocols(["h2"])
    outcome = send(receive(answering(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), context).url())
    assert outcome.error == "protocol_error"


def test_an_answer_over_tls_ends_at_the_time_out(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        peer.drip(b"x" * 1000)

    outcome = send(receive(drip, context).url(), timeout=SHORT)
    assert (outcome.error, outcome.status_code) == (None, 200)
    assert outcome.notes == ("incomplete_body",)
    assert ended_at(outcome, SHORT)


def test_a_receiver_over_tls_that_does_not_read_ends_at_the_time_out(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    receiver = receive(lambda peer: peer.hang(), context)
    outcome = send(receiver.url(), body=b"x" * 20_000_000, timeout=SHORT)
    assert outcome.error == "timeout"
    assert ended_at(outcome, SHORT)


def test_a_large_body_and_a_long_answer_over_tls(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    body = bytes(range(256)) * 20_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    receiver = receive(answering(answer), context)
    outcome = send(receiver.url(), body=body)
    assert receiver.requests[0].body == body
    assert (outcome.body, outcome.truncated) == (body[:65536], True)


def test_a_kept_tls_connection_closed_by_the_receiver_is_replaced(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    def answer_once(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)

    receiver = receive(answer_once, context)
    assert send(receiver.url()).error is None
    receiver.wait_until_done(1)
    assert send(receiver.url()).error is None


def test_a_connection_that_was_never_secured_has_no_facts_of_the_one_before(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    def secure_only_the_first(peer: Peer) -> None:
        if peer.number == 1:
            peer.socket = context.wrap_socket(peer.socket, server_side=True)
            peer.read_request()
            peer.send(OK)
            peer.read_request()

    receiver = receive(secure_only_the_first)
    url = f"https://127.0.0.1:{receiver.port}/"
    assert send(url).tls is not None
    outcome = send(url)
    assert outcome.error in ("tls_failure", "connection_reset")
    assert outcome.tls is None
    assert len(receiver.peers) == 2


def test_an_answer_over_tls_that_nobody_asked_for_is_not_taken_for_the_next(
    receive: Receive, send: Send, context: ssl.SSLContext
) -> None:
    pushed = OK + b"HTTP/1.1 500 Pushed\r\nContent-Length: 0\r\n\r\n"
    receiver = receive(answering(pushed), context)
    assert [send(receiver.url()).status_code for _ in range(3)] == [200] * 3


def test_the_public_authorities_are_trusted_by_default() -> None:
    assert len(client_context().get_ca_certs()) > 100


def test_a_socket_that_is_closed_is_no_leak(
    receive: Receive, send: Send, authority: trustme.CA
) -> None:
    receiver = receive(answering(OK), server_context(authority, "other.example"))
    assert send(receiver.url()).error == "tls_failure"
    receiver.wait_until_done(2)  # the attempt, and the look at the certificate
    with pytest.raises(OSError, match=r"Bad file descriptor|not connected"):
        receiver.peers[0].socket.shutdown(socket.SHUT_RDWR)


def test_a_client_certificate_that_is_demanded_is_said_so(
    receive: Receive, send: Send, authority: trustme.CA
) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        outcome = send(receive(answering(OK), context).url())
        assert outcome.error == "tls_failure"
        assert verdict_title(outcome) == "The receiver demands a client certificate."


def test_a_receiver_with_rsa_key_exchange_only_is_said_so(
    receive: Receive, send: Send, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA256:AES128-GCM-SHA256")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    outcome = send(receive(answering(OK), context).url())
    assert outcome.error == "tls_failure"
    assert verdict_title(outcome) == "No safe encryption in common."


def verdict_title(outcome: Outcome) -> str:
    return verdicts.verdict("failed", outcome.error, None, detail=outcome.detail).title


@pytest.mark.parametrize(
    ("host", "is_accepted"),
    [
        ("my_bot.hooks.example", True),
        ("a_b.hooks.example", True),
        ("my_bot.other.example", False),
        ("a.my_bot.hooks.example", False),
        ("my_bot.example", False),
    ],
)
def test_a_wildcard_stands_for_a_label_with_an_underscore(
    receive: Receive,
    new_sender: Callable[..., Sender],
    authority: trustme.CA,
    host: str,
    is_accepted: bool,
) -> None:
    context = server_context(authority, "*.hooks.example")
    receiver = receive(answering(OK), context)
    sender = new_sender(guard=Guard(["127.0.0.1"], lambda _host, _port: ["127.0.0.1"]))
    outcome = sender.send(OutgoingRequest(receiver.url(host=host), (), b"{}"))
    assert outcome.error == (None if is_accepted else "tls_failure")
    if not is_accepted:
        assert verdict_title(outcome) == "The certificate belongs to another host."
