"""Company authorities, client certificates, and verification that is switched off."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.delivery.conftest import Receive
from tests.delivery.hostile import answering
from tests.support.pem import issue, text
from webhooks_ui.delivery.http.outcome import Outcome, OutgoingRequest
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.http.tls import client_context
from webhooks_ui.egress.guard import Guard
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.explanations import verdicts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@pytest.fixture(scope="module")
def company() -> trustme.CA:
    """An authority that the sender does not know."""
    return trustme.CA()


def server(authority: trustme.CA, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """A receiver's side; with `clients`, it demands a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    return context


Send = Callable[..., Outcome]


@pytest.fixture
def send(new_sender: Callable[..., Sender]) -> Send:
    """One attempt: `send(url, ca=..., certificate=..., key=..., verify=...)`."""
    sender = new_sender()

    def attempt(url: str, **options: object) -> Outcome:
        tls = TlsOptions(**options)  # type: ignore[arg-type]
        return sender.send(OutgoingRequest(url, (), b"{}", tls))

    return attempt


def words(outcome: Outcome) -> verdicts.Verdict:
    return verdicts.verdict("failed", outcome.error, None, detail=outcome.detail)


def test_a_receiver_signed_by_a_company_authority(
    receive: Receive, send: Send, company: trustme.CA
) -> None:
    url = receive(answering(OK), server(company)).url()
    refused = send(url)
    assert refused.error == "tls_failure"
    assert "WEBHOOKS_UI_CA_FILE" in words(refused).next_step
    assert "Advanced: TLS" in words(refused).next_step
    assert send(url, ca=text(company.cert_pem)).error is None


def test_a_ca_file_is_trusted_beside_the_public_authorities(
    receive: Receive, send: Send, authority: trustme.CA, ca_file: Path
) -> None:
    assert send(receive(answering(OK), server(authority)).url()).error is None
    public, both = client_context(), client_context(str(ca_file))
    assert len(both.get_ca_certs()) == len(public.get_ca_certs()) + 1 > 100


def test_a_webhooks_authority_is_trusted_beside_the_others(
    receive: Receive, send: Send, authority: trustme.CA, company: trustme.CA
) -> None:
    url = receive(answering(OK), server(authority)).url()
    assert send(url, ca=text(company.cert_pem)).error is None


def test_an_intermediate_authority_may_be_trusted_by_itself(
    receive: Receive, send: Send, company: trustme.CA
) -> None:
    """As curl does: companies often hand out the certificate of the department's authority."""
    department = company.create_child_ca()
    url = receive(answering(OK), server(department)).url()
    assert send(url, ca=text(department.cert_pem)).error is None


def test_a_self_signed_certificate_may_be_trusted_by_itself(
    receive: Receive, send: Send, company: trustme.CA
) -> None:
    own = issue(company, "127.0.0.1")
    url = receive(answering(OK), server(company)).url()
    assert send(url, ca=own.certificate).error == "tls_failure"  # another certificate than its own
    assert send(url, ca=text(company.cert_pem)).error is None


@VERSIONS
def test_a_client_certificate_is_shown(
    receive: Receive, send: Send, authority: trustme.CA, company: trustme.CA, version: int
) -> None:
    context = server(authority, company)
    context.minimum_version = context.maximum_version = ssl.TLSVersion(version)
    receiver, ours = receive(answering(OK), context), issue(company, "sender.example")
    outcome = send(receiver.url(), certificate=ours.certificate, key=ours.key)
    assert outcome.error is None
    shown = receiver.peers[0].socket
    assert isinstance(shown, ssl.SSLSocket)


@VERSIONS
def test_a_client_certificate_of_another_authority_is_said_to_be_refused(
    receive: Receive, send: Send, authority: trustme.CA, company: trustme.CA, version: int
) -> None:
    context = server(authority, authority)
    context.minimum_version = context.maximum_version = ssl.TLSVersion(version)
    url, ours = receive(answering(OK), context).url(), issue(company, "sender.example")
    outcome = send(url, certificate=ours.certificate, key=ours.key)
    assert outcome.error == "tls_failure"
    assert words(outcome).title == "The receiver refused the client certificate."


@VERSIONS
def test_a_missing_client_certificate_is_said_to_be_demanded(
    receive: Receive, send: Send, authority: trustme.CA, company: trustme.CA, version: int
) -> None:
    context = server(authority, company)
    context.minimum_version = context.maximum_version = ssl.TLSVersion(version)
    outcome = send(receive(answering(OK), context).url())
    assert words(outcome).title == "The receiver demands a client certificate."
    assert "Advanced: TLS" in words(outcome).next_step


def test_an_alert_about_an_expired_certificate_is_not_about_the_receivers() -> None:
    said = "client certificate refused: sslv3 alert certificate expired"
    for detail in (said, "sslv3 alert certificate expired"):
        found = verdicts.verdict("failed", "tls_failure", None, detail=detail)
        assert "receiver's certificate has expired" not in found.title
    assert "expired" in words_of("certificate has expired")


def words_of(detail: str) -> str:
    return verdicts.verdict("failed", "tls_failure", None, detail=detail).title


def test_verification_is_off_only_where_it_may_be(
    receive: Receive, ca_file: Path, company: trustme.CA
) -> None:
    url = receive(answering(OK), server(company)).url(host="localhost")  # another name, too
    request = OutgoingRequest(url, (), b"{}", TlsOptions(verify=False))
    for allowed in (True, False):
        sender = Sender(
            Guard(["127.0.0.1"], lambda _host, _port: ["127.0.0.1"]),
            timeout=5,
            ca_file=str(ca_file),
            may_skip_verification=allowed,
        )
        outcome = sender.send(request)
        assert outcome.error == (None if allowed else "tls_failure")
        assert outcome.notes == (("unverified",) if allowed else ())
        assert outcome.tls is not None
        if allowed:  # on a kept connection, too
            again = sender.send(request)
            assert (again.timings_ms["connect"], again.notes) == (None, ("unverified",))
        sender.close()


def test_a_connection_is_never_shared_by_webhooks_with_other_tls_options(
    receive: Receive, new_sender: Callable[..., Sender], authority: trustme.CA, company: trustme.CA
) -> None:
    context = server(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    company.configure_trust(context)
    receiver = receive(answering(OK), context)
    first, second = issue(company, "one.example"), issue(company, "two.example")
    sender = new_sender()
    options = [
        TlsOptions(),
        TlsOptions(ca=text(company.cert_pem)),
        TlsOptions(certificate=first.certificate, key=first.key),
        TlsOptions(certificate=second.certificate, key=second.key),
    ]
    for _ in range(2):
        for tls in options:
            assert sender.send(OutgoingRequest(receiver.url(), (), b"{}", tls)).error is None
    assert [len(peer.received) for peer in receiver.peers] == [2, 2, 2, 2]


def test_an_unverified_connection_is_not_kept_for_those_who_verify(
    receive: Receive, company: trustme.CA
) -> None:
    receiver = receive(answering(OK), server(company))
    sender = Sender(Guard(["127.0.0.1"]), timeout=5, may_skip_verification=True)
    unverified = OutgoingRequest(receiver.url(), (), b"{}", TlsOptions(verify=False))
    assert sender.send(unverified).error is None
    assert sender.send(OutgoingRequest(receiver.url(), (), b"{}")).error == "tls_failure"
    sender.close()
