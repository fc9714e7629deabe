"""TLS of a webhook in the form and on the pages."""

import re
import ssl

import pytest
import trustme
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, sign_in, stored, webhook_form
from tests.delivery.hostile import Hostile, answering
from tests.support.apps import MakeApp
from tests.support.pem import Pem, encrypted, issue, patched, text
from tests.webhooks.test_create import hidden
from tests.webhooks.test_edit import edit
from webhooks_ui.egress.tls_options import TlsOptions


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ours(authority: trustme.CA) -> Pem:
    return issue(authority, "sender.example")


def options(app: Flask, public_id: str) -> TlsOptions:
    return stored(app, public_id).tls_options(app.extensions["vault"])


def is_open(page: str) -> bool:
    return bool(re.search(r'<details class="fold" id="tls" open>', page))


def test_it_is_folded_away_until_something_is_set(admin: FlaskClient, ours: Pem) -> None:
    assert not is_open(admin.get("/webhooks/new").text)
    public_id = make_webhook(admin, tls_ca=ours.certificate)
    assert is_open(admin.get(f"/webhooks/{public_id}/edit").text)


def test_what_is_entered_is_kept_and_the_key_never_shown(
    app: Flask, admin: FlaskClient, authority: trustme.CA, ours: Pem
) -> None:
    ca = text(authority.cert_pem)
    fields = {"tls_ca": ca, "tls_certificate": ours.certificate, "tls_key": ours.key}
    public_id = make_webhook(admin, **fields)

    assert options(app, public_id) == TlsOptions(True, ca, ours.certificate, ours.key)
    assert (stored(app, public_id).tls_key or "").startswith("v1.")
    pages = [admin.get(f"/webhooks/{public_id}{end}").text for end in ("", "/edit")]
    secret = ours.key.splitlines()[1]
    assert not any(secret in page for page in pages)
    assert "sender.example" in pages[0]
    assert ours.certificate.splitlines()[1] in pages[1]


def test_a_certificate_that_only_openssl_reads_is_shown_by_its_fingerprint(
    admin: FlaskClient, ours: Pem
) -> None:
    odd = patched(ours.certificate, (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x1e"))
    public_id = make_webhook(admin, tls_ca=odd, tls_certificate=odd, tls_key=ours.key)
    page = admin.get(f"/webhooks/{public_id}").text
    assert page.count("<code>SHA-256 ") == 2
    assert "valid until" not in page


def test_a_key_left_empty_stays_and_goes_with_its_certificate(
    app: Flask, admin: FlaskClient, ours: Pem
) -> None:
    public_id = make_webhook(admin, tls_certificate=ours.certificate, tls_key=ours.key)
    assert edit(admin, public_id, tls_certificate=ours.certificate, name="Again") == 303
    assert options(app, public_id).key == ours.key
    assert edit(admin, public_id) == 303
    assert options(app, public_id) == TlsOptions()


def test_a_key_survives_a_form_with_errors(app: Flask, admin: FlaskClient, ours: Pem) -> None:
    fields = {"tls_certificate": ours.certificate, "tls_key": ours.key}
    page = admin.post("/webhooks/new", data=webhook_form(url="", **fields)).text
    assert ours.key.splitlines()[1] not in page
    again = webhook_form(tls_certificate=ours.certificate, draft=hidden(page, "draft"))
    answer = admin.post("/webhooks/new", data=again)
    assert answer.status_code == 303
    assert options(app, answer.location.rpartition("/")[2]).key == ours.key


def test_what_cannot_be_used_is_refused_and_not_remembered(
    app: Flask, admin: FlaskClient, authority: trustme.CA, ours: Pem
) -> None:
    other = issue(authority, "other.example")
    public_id = make_webhook(admin, tls_certificate=ours.certificate, tls_key=ours.key)
    for key, words in ((other.key, "does not belong"), (encrypted(ours.key), "is encrypted")):
        fields = webhook_form(tls_certificate=ours.certificate, tls_key=key)
        answer = admin.post(f"/webhooks/{public_id}/edit", data=fields)
        assert answer.status_code == 422
        assert words in answer.text
        assert is_open(answer.text)
        draft = hidden(answer.text, "draft")
        assert edit(admin, public_id, tls_certificate=ours.certificate, draft=draft) == 303
        assert options(app, public_id).key == ours.key


def test_verification_is_switched_off_only_where_the_setting_allows_it(make_app: MakeApp) -> None:
    app = make_app()
    admin = sign_in(app, "olena")
    assert "tls_insecure" not in admin.get("/webhooks/new").text
    answer = admin.post("/webhooks/new", data=webhook_form(tls_insecure="y"))
    assert answer.status_code == 422
    assert "WEBHOOKS_UI_ALLOW_INSECURE_TLS" in answer.text


def test_where_it_is_off_it_is_marked_in_red(make_app: MakeApp) -> None:
    lax = make_app(ALLOW_INSECURE_TLS=True)
    admin = sign_in(lax, "olena")
    assert "tls_insecure" in admin.get("/webhooks/new").text
    public_id = make_webhook(admin, tls_insecure="y")
    assert options(lax, public_id) == TlsOptions(verify=False)
    page = admin.get(f"/webhooks/{public_id}").text
    assert '<div id="unverified"><div class="note bad">' in page
    assert "TLS not verified" in admin.get("/webhooks").text
    others = [
        make_webhook(admin, name="Verified"),
        make_webhook(admin, name="Plain", url="http://crm.example/", tls_insecure="y"),
    ]
    assert not any('id="unverified"' in admin.get(f"/webhooks/{one}").text for one in others)
    assert admin.get("/webhooks").text.count("TLS not verified") == 1

    strict = sign_in(make_app(), "olena")  # the setting is taken back: verified after all
    page = strict.get(f"/webhooks/{public_id}").text
    assert 'id="unverified"' not in page
    assert 'id="verified-after-all"' in page
    assert "TLS not verified" not in strict.get("/webhooks").text
    assert edit(strict, public_id, name="Saved again") == 303


def test_a_test_event_goes_out_with_what_the_form_says(
    make_app: MakeApp, authority: trustme.CA, ours: Pem
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    receiver = Hostile(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), context)
    admin = sign_in(make_app(), "olena")
    form = webhook_form(
        url=receiver.url(),
        event="message_created",
        tls_ca=text(authority.cert_pem),
        tls_certificate=ours.certificate,
        tls_key=ours.key,
    )
    page = admin.post("/webhooks/test", data=form)
    receiver.close()
    assert page.status_code == 200
    assert "204" in page.text
