"""A pasted request: whether its signature holds, and why not."""

import json
import logging
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import make_webhook, piece, sign_in, stored
from webhooks_ui.crypto import signature_check, signing
from webhooks_ui.crypto.signature_check import Finding, PastedRequest
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Delivery, Event, Webhook

SECRET, FORMER, OTHER = (signing.new_secret() for _ in range(3))
NOW = 1_800_000_000
BODY = b'{"id": "evt_1", "data": {"text": "\xd0\x94\xd0\xbe\xd0\xb1\xd1\x80\xd0\xb8\xd0\xb9"}}'


def raw(
    body: bytes = BODY, secret: str = SECRET, at: int = NOW, line: str = "POST /hook HTTP/1.1\n"
) -> str:
    head = "".join(f"{n}: {v}\n" for n, v in signing.headers([secret], "dlv_1", at, body))
    return f"{line}Content-Type: application/json\n{head}\n{body.decode()}"


def check(text: str, sent: bytes | None = None, receivers: str = "") -> Finding:
    request = signature_check.parse(text)
    return signature_check.check(request, [SECRET, FORMER], NOW, sent=sent, receivers=receivers)


@pytest.mark.parametrize(
    "text",
    [
        raw(),
        raw(line=""),
        raw().replace("\n", "\r\n"),
        raw() + "\n",
        raw().replace("webhook-", "Webhook-"),
        raw(b'{\r\n "a": 1\r\n}'),
        raw(b'{\n "a": 1\n}\n'),
        raw(b""),
    ],
    ids=count(),  # the signature in a text is another in each process
)
def test_it_holds_however_it_was_pasted(text: str) -> None:
    assert check(text).verdict == "valid"


def test_a_signature_by_the_former_secret_holds() -> None:
    assert (check(raw()).secret, check(raw(secret=FORMER)).secret) == (0, 1)


def test_a_wrong_secret() -> None:
    assert check(raw(secret=OTHER)).verdict == "no_match"
    assert check(raw(secret=OTHER), sent=BODY).verdict == "wrong_secret"


def test_a_changed_body() -> None:
    changed = raw().replace("evt_1", "evt_2")
    assert check(changed).verdict == "no_match"
    assert check(changed, sent=BODY) == Finding("changed_body", secret=None, reformatted=False)


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(json.loads(BODY)),
        json.dumps(json.loads(BODY), indent=2, ensure_ascii=False),
        json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False),
    ],
)
def test_a_body_that_was_written_anew(written: str) -> None:
    changed = raw().replace(BODY.decode(), written)
    assert check(changed) == check(changed, sent=BODY) == Finding("changed_body", reformatted=True)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(300, "valid"), (301, "old_timestamp"), (-300, "valid"), (-301, "future_timestamp")],
)
def test_the_timestamp(seconds: int, verdict: str) -> None:
    found = check(raw(at=NOW - seconds))
    assert (found.verdict, found.age) == (verdict, seconds)


@pytest.mark.parametrize("name", signing.HEADERS)
def test_a_missing_header(name: str) -> None:
    found = check("\n".join(line for line in raw().split("\n") if not line.startswith(name)))
    assert (found.verdict, list(found.missing)) == ("missing_header", [name])


@pytest.mark.parametrize(
    "text", ["", "{}", "no request at all", BODY.decode(), "\n\n\n", "POST / \n\n"]
)
def test_no_request(text: str) -> None:
    assert check(text).verdict == "malformed_request"


def test_unreadable_headers() -> None:
    for stamp in ("today", "١٨٠٠٠٠٠٠٠٠", "1" * 13):
        assert check(raw().replace(f"{NOW}", stamp)).verdict == "malformed_timestamp"
    assert check(raw().replace("v1,", "v1=")).verdict == "malformed_signature"


def test_the_secret_that_the_receiver_has() -> None:
    assert check(raw(), receivers=SECRET).verdict == "valid"
    assert check(raw(), receivers=OTHER).verdict == "receivers_secret"
    assert check(raw(), receivers="whsec_?").verdict == "malformed_secret"


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_breaks_it(message_id: str, timestamp: str, signature: str, body: str) -> None:
    for stamp in (timestamp, f"{NOW}"):
        for header in (signature, f"v1,{'A' * 43}="):
            names = dict(zip(signing.HEADERS, (message_id, stamp, header), strict=True))
            signature_check.check(PastedRequest(names, body), [SECRET], NOW)
    signature_check.parse(body)


def secret_of(app: Flask, public_id: str) -> str:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        return webhook.signing_secrets(current_vault(), now())[0]


def ask(browser: FlaskClient, webhook: str, text: str, **more: str) -> str:
    answer = browser.post(f"/webhooks/{webhook}/verify", data={"request": text, **more})
    assert answer.status_code == 200
    return answer.text


def test_the_page_says_what_it_found(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    secret, moment = secret_of(app, own), int(now().timestamp())
    page = ask(admin, own, raw(secret=secret, at=moment))
    assert "Signature valid." in page
    assert "Content-Type: application/json" in page, "what was pasted stays in the field"
    assert "Timestamp is old." in ask(admin, own, raw(secret=secret, at=moment - 4000))
    assert "Signature does not match." in ask(admin, own, raw(secret=OTHER, at=moment))
    assert "Headers missing." in ask(admin, own, "webhook-id: a\nwebhook-timestamp: 1\n\n")
    assert "another secret" in ask(admin, own, raw(secret=secret, at=moment), secret=OTHER)
    answer = piece(admin, "POST", f"/webhooks/{own}/verify", data={"request": "?"})
    assert answer.text.lstrip().startswith('<div id="check-result"')
    assert admin.post("/webhooks/wh_none/verify").status_code == 404


def test_the_id_tells_whose_request_it_is(app: Flask, admin: FlaskClient) -> None:
    own, other = make_webhook(admin), make_webhook(admin, name="Loyalty")
    message_id, body = delivery_of(app, own)
    moment = int(now().timestamp())
    signed = signing.headers([secret_of(app, own)], message_id, moment, body)
    text = "".join(f"{name}: {value}\n" for name, value in signed) + f"\n{body.decode()}"
    assert "Signature valid." in ask(admin, own, text)
    assert "Body changed." in ask(admin, own, text.replace("message_created", "team_changed"))
    assert "Body reformatted." in ask(admin, own, text.replace(": {", ":   {"))
    forged = text.replace(signed[2][1], signing.sign([OTHER], message_id, moment, body))
    assert "Wrong secret." in ask(admin, own, forged)
    page = ask(admin, other, text)
    assert "Sent by another webhook." in page
    assert "CRM" in page


def delivery_of(app: Flask, public_id: str) -> tuple[str, bytes]:
    """The id and the body of a delivery to a webhook."""
    with app.app_context(), transaction():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        event = Event(type="message_created", data=b'{"a": 1}')
        db.session.add(event)
        db.session.flush()
        made = Delivery(
            event_id=event.id, webhook_id=webhook.id, type=event.type, status="succeeded"
        )
        db.session.add(made)
        db.session.flush()
        return made.public_id, event.content.envelope


def test_what_is_pasted_is_neither_stored_nor_logged(
    app: Flask, admin: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = make_webhook(admin)
    caplog.set_level(logging.DEBUG)
    mark = "c0nfident1al"
    text = raw(f'{{"text": "{mark}"}}'.encode(), secret=secret_of(app, own))
    assert mark in ask(admin, own, text, secret=OTHER)
    assert OTHER not in admin.get(f"/webhooks/{own}/verify").text
    assert mark not in caplog.text
    assert OTHER not in caplog.text
    folder = Path(app.config["DATA_DIR"])
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [data for data in files if mark.encode() in data or OTHER.encode() in data]
    pasted = {"request": mark, "secret": OTHER}
    sign_in_page = app.test_client().post(f"/webhooks/{own}/verify", data=pasted)
    assert sign_in_page.status_code == 422  # it is kept for afterwards, sealed
    assert mark not in sign_in_page.text
    assert OTHER not in sign_in_page.text


def test_a_viewer_may_check_too(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    viewer = sign_in(app, "viewer", "viewer")
    assert "Signature does not match." in ask(viewer, own, raw())


def test_the_page_shows_one_language_at_a_time(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin, name="Чергові")
    page = admin.get(f"/webhooks/{own}/verify").text
    assert "hmac.compare_digest" in page
    assert "os.environ[&#34;WEBHOOK_SECRET&#34;]" in page
    assert "timingSafeEqual" in admin.get(f"/webhooks/{own}/verify?in=node").text
    assert "hmac.compare_digest" in admin.get(f"/webhooks/{own}/verify?in=cobol").text
    assert stored(app, own).public_id in page
