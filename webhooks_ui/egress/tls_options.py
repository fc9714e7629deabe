"""How a webhook trusts its receiver over TLS, and the certificate that it shows there.

What people paste is PEM (RFC 7468). It is brought into one form, so that line breaks lost on the
way, or text around the blocks, do not matter. What reads certificates is imported with the first.
"""

import hashlib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

MAX_PEM = 32_768  # characters; a pipe holds at least as many bytes
_CERTIFICATE = "CERTIFICATE"
_KEY = "PRIVATE KEY"
_TOO_LONG = _l(
    "This is longer than 32,768 characters. Paste only the certificates that are needed."
)
_NOT_PEM = _l(
    "This is no certificate in PEM: a text from -----BEGIN CERTIFICATE----- to -----END"
    " CERTIFICATE-----. Paste all of it."
)
_HAS_KEY = _l("There is a private key in this. Paste the certificate alone.")

Problem = tuple[str, LazyString]


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """PEM texts, empty where there is none.

    `ca` is trusted beside the authorities that all webhooks trust. `certificate` is the one shown
    to the receiver, followed by intermediate ones, `key` its private key. Without `verify` any
    certificate of the receiver will do.
    """

    verify: bool = True
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)

    def tidied(self) -> "TlsOptions":
        """The same with each text in its normal form."""
        certificate, key = tidied_pem(self.certificate), tidied_pem(self.key, _KEY)
        return TlsOptions(self.verify, tidied_pem(self.ca), certificate, key)

    def problems(self) -> Iterator[Problem]:
        """What keeps it from being used, by the field's name."""
        if self.ca and (problem := _certificates_problem(self.ca)):
            yield "ca", problem
        if self.certificate and (problem := _certificates_problem(self.certificate)):
            yield "certificate", problem
        elif self.key and (problem := _key_problem(self.key)):
            yield "key", problem
        else:
            yield from self._pair_problems()

    def _pair_problems(self) -> Iterator[Problem]:
        if self.certificate and not self.key:
            yield "key", _l("Enter the private key of the certificate.")
        elif self.key and not self.certificate:
            yield "certificate", _l("Enter the certificate that belongs to the private key.")
        elif self.key and not _belongs(self.key, self.certificate):
            yield "key", _l("The private key does not belong to the certificate.")
        elif self.key and (refusal := _refusal(replace(self, ca=""))):
            yield "certificate", _l("The certificate cannot be used: %(reason)s.", reason=refusal)


DEFAULT_TLS = TlsOptions()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """Whose a certificate is (RFC 4514) and until when it is valid (ISO 8601).

    Of one that OpenSSL alone can read, its fingerprint and None.
    """

    subject: str
    not_after: str | None


def certificates(pem: str) -> list[CertificateFacts]:
    """The certificates in a text that has passed `problems`."""
    return [_facts(ssl.PEM_cert_to_DER_cert(_block(*one))) for one in _blocks(pem)]


def _facts(der: bytes) -> CertificateFacts:
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
        return CertificateFacts(subject, certificate.not_valid_after_utc.isoformat())
    except (ValueError, TypeError, x509.InvalidVersion):
        return CertificateFacts(f"SHA-256 {hashlib.sha256(der).hexdigest()}", None)


def tidied_pem(text: str, kind: str = "") -> str:
    """The PEM blocks of a text, 64 characters to a line; the text itself where it has none.

    Only those whose label ends in `kind`, if there are any.
    """
    if len(text) > MAX_PEM:
        return text
    blocks = _blocks(text)
    blocks = [block for block in blocks if block[0].endswith(kind)] or blocks
    return "".join(_block(label, body) for label, body in blocks) if blocks else text.strip()


def use(context: ssl.SSLContext, options: TlsOptions) -> None:
    """Has a context trust and show what the options say. Raises ssl.SSLError.

    OpenSSL reads certificates of one's own from files only. They come through pipes, so that a
    private key is never written to a disk.
    """
    if options.ca:
        context.load_verify_locations(cadata=options.ca)
    if options.certificate:
        ends = [_readable(options.certificate), _readable(options.key)]
        try:
            context.load_cert_chain(*(f"/dev/fd/{end}" for end in ends))
        finally:
            for end in ends:
                os.close(end)


def _readable(text: str) -> int:
    """The reading end of a pipe that holds the text."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(text.encode())
    return reading


def _blocks(text: str) -> list[tuple[str, str]]:
    """Label and content of each PEM block; what has no proper end is left out."""
    parts = text.replace("\\n", "\n").split("-----")
    return [
        (label.removeprefix("BEGIN "), body)
        for label, body, end in zip(parts[1::2], parts[2::2], parts[3::2], strict=False)
        if label.startswith("BEGIN ") and end == label.replace("BEGIN", "END", 1)
    ]


def _block(label: str, body: str) -> str:
    # An encrypted key of the old kind has headers before its content: it stays as it is.
    lines = [body.strip()] if ":" in body else wrap("".join(body.split()), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _certificates_problem(pem: str) -> LazyString | None:
    if len(pem) > MAX_PEM:
        return _TOO_LONG
    blocks = _blocks(pem)
    labels = {label for label, _ in blocks}
    if any(label.endswith(_KEY) for label in labels):
        return _HAS_KEY
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        for one in blocks:  # by what will use them, each alone: it skips what is no certificate
            context.load_verify_locations(cadata=_block(*one))
    except (ssl.SSLError, ValueError):
        return _NOT_PEM
    return None if labels == {_CERTIFICATE} else _NOT_PEM


def _key_problem(pem: str) -> LazyString | None:
    if len(pem) > MAX_PEM:
        return _TOO_LONG
    blocks = [block for block in _blocks(pem) if block[0].endswith(_KEY)]
    if any("ENCRYPTED" in label or "ENCRYPTED" in body[:100] for label, body in blocks):
        return _l(
            "The private key is encrypted, and nobody can enter its passphrase when a request is"
            " sent. Paste the key without one: openssl pkey -in key.pem prints it so."
        )
    if len(blocks) != 1 or _public_bytes(pem) is None:
        return _l(
            "This is no private key in PEM: a text from -----BEGIN PRIVATE KEY----- to -----END"
            " PRIVATE KEY-----. Paste all of it."
        )
    return None


def _belongs(key: str, certificate: str) -> bool:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        first = x509.load_pem_x509_certificate(certificate.encode())
        return _spki(first.public_key()) == _public_bytes(key)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return True  # OpenSSL is asked next, which knows more kinds of keys


def _public_bytes(key: str) -> bytes | None:
    """The public half of a private key; None for what is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        # Whether its numbers are primes is not asked: that takes seconds for a large key.
        loaded = serialization.load_pem_private_key(
            key.encode(), None, unsafe_skip_rsa_key_validation=True
        )
        return _spki(loaded.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    found: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def _refusal(options: TlsOptions) -> str | None:
    """Why OpenSSL does not take what is proper PEM: a key that is too short, for example."""
    try:
        use(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), options)
    except ssl.SSLError as error:
        return (error.reason or "unknown").replace("_", " ").lower()
    return None
