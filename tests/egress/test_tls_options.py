"""What people paste as certificates and keys: taken in whatever shape, or refused in words."""

from functools import partial

import pytest
import trustme
from flask import Flask

from tests.support.pem import Pem, encrypted, issue, patched, short_key, text
from tests.support.processor import within
from webhooks_ui.egress.tls_options import MAX_PEM, TlsOptions, certificates, tidied_pem


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ours(authority: trustme.CA) -> Pem:
    return issue(authority, "client.example")


def problems(app: Flask, **options: str) -> dict[str, str]:
    with app.test_request_context():
        found = TlsOptions(**options).tidied().problems()  # type: ignore[arg-type]
        return {name: str(words) for name, words in found}


def test_what_is_right_has_no_problem(app: Flask, authority: trustme.CA, ours: Pem) -> None:
    ca = text(authority.cert_pem)
    assert problems(app, ca=ca * 2, certificate=ours.certificate, key=ours.key) == {}
    assert problems(app) == {}


@pytest.mark.parametrize("lost", [" ", "", "\\n", "\r\n", "\n\n"])
def test_line_breaks_that_were_lost_and_text_around_do_not_matter(ours: Pem, lost: str) -> None:
    pasted = f"subject=CN = client\n{ours.certificate.replace(chr(10), lost)}\n"
    assert tidied_pem(pasted) == tidied_pem(ours.certificate) == ours.certificate


def test_a_file_with_key_and_certificate_gives_the_key(app: Flask, ours: Pem) -> None:
    both = ours.key + ours.certificate
    assert problems(app, certificate=ours.certificate, key=both) == {}


@pytest.mark.parametrize("field", ["ca", "certificate"])
def test_a_private_key_is_never_taken_for_a_certificate(app: Flask, ours: Pem, field: str) -> None:
    """It would be stored and shown in the clear."""
    for pasted in (ours.key, ours.certificate + ours.key):
        found = problems(app, **{field: pasted, "key": ours.key})
        assert ("private key" in found[field]) or ("no certificate" in found[field])


@pytest.mark.parametrize(
    "pasted",
    [
        "x",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ],
)
def test_broken_pem_is_said_so(app: Flask, ours: Pem, pasted: str) -> None:
    assert "no certificate in PEM" in problems(app, ca=pasted)["ca"]
    found = problems(app, certificate=pasted, key=ours.key)
    assert "no certificate in PEM" in found["certificate"]
    found = problems(app, certificate=ours.certificate, key=pasted.replace("CERT", "PRIVATE "))
    assert "no private key in PEM" in found["key"]


def test_an_encrypted_key_is_said_so(app: Flask, ours: Pem) -> None:
    for old_format in (False, True):
        key = encrypted(ours.key, old_format=old_format)
        found = problems(app, certificate=ours.certificate, key=key)
        assert "encrypted" in found["key"]


def test_a_key_of_another_certificate_is_said_so(
    app: Flask, authority: trustme.CA, ours: Pem
) -> None:
    other = issue(authority, "other.example")
    found = problems(app, certificate=ours.certificate, key=other.key)
    assert "does not belong" in found["key"]
    found = problems(app, certificate=other.certificate + ours.certificate, key=ours.key)
    assert "does not belong" in found["key"]


def test_one_without_the_other_is_said_so(app: Flask, ours: Pem) -> None:
    assert list(problems(app, certificate=ours.certificate)) == ["key"]
    assert list(problems(app, key=ours.key)) == ["certificate"]


def test_what_openssl_refuses_is_said_so(app: Flask) -> None:
    weak = short_key()
    found = problems(app, certificate=weak.certificate, key=weak.key)
    assert "ee key too small" in found["certificate"]


NAME = b"\x0c\x11Acme_Company@Home"  # as UTF8String
PRINTABLE, BITS = b"\x13\x11Acme_Company@Home", b"\x03\x11\x00cme_Company@Home"
VERSION, ODD_VERSION = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x1e"
CURVE, ODD_CURVE = b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x77"


@pytest.mark.parametrize("name", [PRINTABLE, BITS])
def test_an_authority_whose_name_only_openssl_reads_can_be_trusted_and_shown(
    app: Flask, name: bytes
) -> None:
    ca = text(trustme.CA(organization_name="Acme_Company@Home").cert_pem)
    unusual = patched(ca, (NAME, name))
    assert problems(app, ca=unusual) == {}
    own, other = (certificates(one)[0] for one in (unusual, ca))
    assert own.subject.startswith("SHA-256 ")
    assert "O=Acme_Company@Home" in other.subject
    assert (own.not_after, bool(other.not_after)) == (None, True)


def test_a_certificate_that_we_cannot_read_is_for_openssl_to_judge(app: Flask, ours: Pem) -> None:
    odd = patched(ours.certificate, (VERSION, ODD_VERSION))
    assert problems(app, ca=odd, certificate=odd, key=ours.key) == {}
    unknown = patched(ours.certificate, (CURVE, ODD_CURVE))
    found = problems(app, ca=unknown, certificate=unknown, key=ours.key)
    assert [*found] == ["certificate"]
    assert "cannot be used" in found["certificate"]


def test_a_long_text_is_refused_quickly(app: Flask) -> None:
    worst = ("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" * 600)[:MAX_PEM]
    for pasted in (worst, "-----BEGIN A" * 2700, "-" * MAX_PEM, "-----BEGIN A-----" * 100_000):
        found = within(1, partial(problems, app, ca=pasted, certificate=pasted))
        assert set(found) == {"ca", "certificate"}
    assert "32,768" in problems(app, key="x" * (MAX_PEM + 1), certificate=worst[:0])["key"]
