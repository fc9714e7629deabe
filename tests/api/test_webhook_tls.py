"""TLS of a webhook by the API: the private key goes in and never comes out."""

from typing import Any

import pytest
import trustme
from flask import Flask

from tests.api.conftest import Call, caller, errors, issue
from tests.conftest import stored
from tests.support import pem
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from webhooks_ui.egress.tls_options import TlsOptions

HOOK: dict[str, Any] = {"url": "https://crm.example/hook", "events": ["message_created"]}
DEFAULT = {"verify": True, "ca": None, "certificate": None, "key_set": False}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ours(authority: trustme.CA) -> pem.Pem:
    return pem.issue(authority, "sender.example")


def options(app: Flask, public_id: str) -> TlsOptions:
    return stored(app, public_id).tls_options(app.extensions["vault"])


@ON_BOTH_DATABASES
def test_options_are_made_told_changed_and_taken_away(
    app: Flask, call: Call, authority: trustme.CA, ours: pem.Pem
) -> None:
    ca = pem.text(authority.cert_pem)
    tls = {"ca": ca, "certificate": ours.certificate, "key": ours.key}
    made = call("POST", "/webhooks", HOOK | {"tls": tls})
    assert made.status_code == 201, made.text
    told = DEFAULT | {"ca": ca, "certificate": ours.certificate, "key_set": True}
    assert made.json["tls"] == told
    own = f"/webhooks/{made.json['id']}"
    assert ours.key.splitlines()[1] not in made.text + call("GET", own).text

    def change(**members: object) -> TlsOptions:
        answer = call("PATCH", own, {"tls": members} if members else {"tls": None})
        assert answer.status_code == 200, answer.text
        return options(app, made.json["id"])

    assert call("PATCH", own, {"name": "Else"}).json["tls"] == told
    assert change(ca=None) == TlsOptions(True, "", ours.certificate, ours.key)
    assert change(ca=ca, key=ours.key) == TlsOptions(True, ca, ours.certificate, ours.key)
    assert change(certificate=None) == TlsOptions(True, ca)
    assert change() == TlsOptions()
    assert call("GET", own).json["tls"] == DEFAULT


def test_what_cannot_be_used_is_told_at_its_member(
    call: Call, authority: trustme.CA, ours: pem.Pem
) -> None:
    other = pem.issue(authority, "other.example")
    wrong: list[tuple[dict[str, object], str]] = [
        ({"ca": "x"}, "/tls/ca"),
        ({"certificate": ours.certificate}, "/tls/key"),
        ({"key": ours.key}, "/tls/certificate"),
        ({"certificate": ours.certificate, "key": other.key}, "/tls/key"),
        ({"certificate": ours.certificate, "key": pem.encrypted(ours.key)}, "/tls/key"),
        ({"verify": False}, "/tls/verify"),
        ({"verify": "no"}, "/tls/verify"),
        ({"ca": 1}, "/tls/ca"),
        ({"cert": "x"}, "/tls/cert"),
    ]
    for tls, pointer in wrong:
        answer = call("POST", "/webhooks", HOOK | {"tls": tls})
        assert answer.status_code == 422
        assert list(errors(answer)) == [pointer]


def test_a_stored_key_has_to_belong_to_a_new_certificate(
    call: Call, authority: trustme.CA, ours: pem.Pem
) -> None:
    tls = {"certificate": ours.certificate, "key": ours.key}
    own = f"/webhooks/{call('POST', '/webhooks', HOOK | {'tls': tls}).json['id']}"
    other = pem.issue(authority, "other.example")
    refused = call("PATCH", own, {"tls": {"certificate": other.certificate}})
    assert list(errors(refused)) == ["/tls/key"]
    both = {"certificate": other.certificate, "key": other.key}
    assert call("PATCH", own, {"tls": both}).status_code == 200


def test_verification_that_may_no_longer_be_off_hinders_no_other_change(make_app: MakeApp) -> None:
    lax, strict = make_app(ALLOW_INSECURE_TLS=True), make_app()
    token = issue(lax, "admin")
    made = caller(lax, token)("POST", "/webhooks", HOOK | {"tls": {"verify": False}})
    assert made.json["tls"] == DEFAULT | {"verify": False}
    call, own = caller(strict, token), f"/webhooks/{made.json['id']}"
    assert call("PATCH", own, {"name": "Else"}).status_code == 200
    assert list(errors(call("PATCH", own, {"tls": {"ca": None}}))) == ["/tls/verify"]
    assert call("PATCH", own, {"tls": {"verify": True}}).status_code == 200
