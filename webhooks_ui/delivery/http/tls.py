"""TLS: trusted authorities, the handshake, and the facts of a receiver's certificate."""

import socket
import ssl
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import certifi

from webhooks_ui.delivery.http.outcome import TlsFacts
from webhooks_ui.egress.tls_options import DEFAULT_TLS, TlsOptions, use

if TYPE_CHECKING:
    from cryptography import x509

_MAX_NAMES = 20
_HANDSHAKE_FAILURES = ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE")


@lru_cache(maxsize=64)
def client_context(
    ca_file: str | None = None, options: TlsOptions = DEFAULT_TLS, *, checks_host: bool = True
) -> ssl.SSLContext:
    """A context that trusts certifi's authorities and those in `ca_file`; TLS 1.2 or newer.

    As for curl, an intermediate certificate may be trusted by itself. Cached, since loading the
    authorities takes tens of milliseconds. Not made by `ssl.create_default_context`, which obeys
    SSLKEYLOGFILE and adds the system's authorities. Raises ssl.SSLError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.check_hostname = checks_host and options.verify
    if options.verify:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for file in filter(None, (certifi.where(), ca_file)):
            context.load_verify_locations(cafile=file)
    else:
        context.verify_mode = ssl.CERT_NONE
    use(context, options)
    return context


def secure(
    connected: socket.socket, context: ssl.SSLContext, host: str, timeout: float
) -> ssl.SSLSocket:
    """The connection after the handshake; closed if that fails. Raises OSError."""
    secured = context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
    try:
        secured.settimeout(timeout)
        secured.do_handshake()
        if context.verify_mode == ssl.CERT_REQUIRED and not context.check_hostname:
            _check_host(secured, host)
    except ssl.SSLError as error:
        is_refused = error.reason in _HANDSHAKE_FAILURES and secured.cipher() is not None
        secured.close()
        if is_refused:
            # All was agreed but for what we have to show: TLS 1.2 has no alert of its own for it.
            error.reason = "CLIENT_CERTIFICATE_REQUIRED"
        raise
    except BaseException:
        secured.close()
        raise
    return secured


def _check_host(secured: ssl.SSLSocket, host: str) -> None:
    """Holds a host name against the certificate, whose `*` also stands for underscores.

    OpenSSL's stands for letters, digits and hyphens only, that of curl and browsers for any label.
    As in RFC 6125 section 6.4.3, `*` is the whole first label. Raises SSLCertVerificationError.
    """
    alternatives = (secured.getpeercert() or {}).get("subjectAltName", ())
    names = {str(pair[1]).lower() for pair in alternatives if pair[0] == "DNS"}
    domain = host.partition(".")[2]
    if host not in names and not ("." in domain and f"*.{domain}" in names):
        error = ssl.SSLCertVerificationError("hostname mismatch")
        error.reason = "CERTIFICATE_VERIFY_FAILED"
        error.verify_message = f"Hostname mismatch, certificate is not valid for '{host}'."
        raise error


def facts(secured: ssl.SSLSocket) -> TlsFacts:
    """The protocol that was negotiated, and what the receiver's certificate says."""
    from cryptography import x509

    version, cipher = secured.version() or "", (secured.cipher() or ("", "", 0))[0]
    try:
        certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
        return TlsFacts(
            version=version,
            cipher=cipher,
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            not_before=_iso(certificate.not_valid_before_utc),
            not_after=_iso(certificate.not_valid_after_utc),
            san=_names(certificate),
        )
    # OpenSSL accepts certificates that cryptography does not.
    except (ValueError, TypeError, x509.InvalidVersion):
        return TlsFacts(version, cipher)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _names(certificate: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    hosts = names.get_values_for_type(x509.DNSName)
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return tuple([*hosts, *addresses][:_MAX_NAMES])
