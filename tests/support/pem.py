"""Certificates and keys as texts, as people paste them."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate, the intermediate ones after it, and its private key."""

    certificate: str
    key: str


def text(blob: trustme.Blob) -> str:
    """A PEM block."""
    return blob.bytes().decode()


def issue(authority: trustme.CA, *names: str) -> Pem:
    """A certificate of an authority."""
    made = authority.issue_cert(*names, common_name=names[0])
    return Pem("".join(map(text, made.cert_chain_pems)), text(made.private_key_pem))


def encrypted(key: str, *, old_format: bool = False) -> str:
    """The key under a passphrase."""
    private = serialization.load_pem_private_key(key.encode(), None)
    form = serialization.PrivateFormat
    return private.private_bytes(
        serialization.Encoding.PEM,
        form.TraditionalOpenSSL if old_format else form.PKCS8,
        serialization.BestAvailableEncryption(b"a passphrase"),
    ).decode()


def short_key() -> Pem:
    """A certificate with an RSA key of 1,024 bits, which OpenSSL does not use any more."""
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505  # that is the point
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "short.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pem(certificate.public_bytes(pem).decode(), private.decode())


def patched(certificate: str, *changes: tuple[bytes, bytes]) -> str:
    """The certificate with other bytes in the same places; its signature is wrong then."""
    der = ssl.PEM_cert_to_DER_cert(certificate)
    for before, after in changes:
        assert before in der
        der = der.replace(before, after)
    return ssl.DER_cert_to_PEM_cert(der)


def with_party_name(authority: trustme.CA) -> Pem:
    """A certificate for 127.0.0.1 that is also valid for an `ediPartyName`, which is not a host."""
    party = b"\xa5\x06\xa1\x04\x0c\x02CM"
    names = b"\x87\x04\x7f\x00\x00\x01" + party  # RFC 5280 section 4.2.1.6
    own_names = x509.UnrecognizedExtension(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes((0x30, len(names))) + names
    )
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signing_key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(signing_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "party.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer.subject, subject, key.public_key(), 1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = builder.add_extension(own_names, critical=False).sign(
        signing_key, hashes.SHA256()
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pem(certificate.public_bytes(pem).decode(), private.decode())
