"""What works with a fifth kind of authorization; run by test_fifth_kind.py in its own process."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, caller, errors, issue
from tests.conftest import make_webhook, stored, webhook_form
from tests.engine.conftest import deliveries, ended, receiver, send, subscribe, working
from tests.support.fifth_kind import KeyAndTime
from tests.support.receiver import Answer, Receiver
from webhooks_ui.api.description import describe
from webhooks_ui.authorization.base import MASK
from webhooks_ui.authorization.redaction import redact
from webhooks_ui.database.engine import db
from webhooks_ui.models import Attempt

__all__ = ["receiver"]  # a fixture

KEY = "a-key-of-the-owner-7f3a"
FIELDS = {
    "auth_type": "key_time",
    "auth_timed_header_name": " X-Signed-At ",
    "auth_timed_key": KEY,
}
EXPECTED = KeyAndTime("X-Signed-At", KEY)
GIVEN = {"type": "key_time", "header_name": "X-Signed-At", "key": KEY}
SHOWN = {"type": "key_time", "header_name": "X-Signed-At", "key_set": True}


@pytest.fixture
def call(app: Flask) -> Call:
    return caller(app, issue(app, "admin"))


def kept(app: Flask, public_id: str) -> object:
    return stored(app, public_id).authorization(app.extensions["vault"])


def test_the_form_offers_checks_and_keeps_it(app: Flask, admin: FlaskClient) -> None:
    page = admin.get("/webhooks/new").text
    assert 'value="key_time"' in page
    assert "a header made of a key and the time" in page
    assert re.search(r'<input[^>]*name="auth_timed_key"[^>]*type="password"', page)

    refused = admin.post("/webhooks/new", data=webhook_form(auth_type="key_time"))
    assert refused.status_code == 422
    assert 'id="auth_timed_header_name-error"' in refused.text
    assert "Enter the key." in refused.text

    assert kept(app, make_webhook(admin, **FIELDS)) == EXPECTED


def test_a_secret_left_empty_stays_and_stands_in_no_page(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin, **FIELDS)
    form = admin.get(f"/webhooks/{public_id}/edit").text
    assert 'value="X-Signed-At"' in form
    assert "ends in 7f3a" in form
    changes = FIELDS | {"auth_timed_key": "", "auth_timed_header_name": "X-Other"}
    saved = admin.post(f"/webhooks/{public_id}/edit", data=webhook_form(**changes))

    assert saved.status_code == 303
    assert kept(app, public_id) == KeyAndTime("X-Other", KEY)
    page = admin.get(f"/webhooks/{public_id}").text
    assert "<code>X-Other</code>" in page
    assert "key set" in page
    in_list = admin.get("/webhooks").text
    assert "Key and time" in in_list
    assert not any(KEY in text for text in (form, page, in_list))


def test_the_database_has_no_key(app: Flask, admin: FlaskClient) -> None:
    webhook = stored(app, make_webhook(admin, **FIELDS))

    found = b"".join(path.read_bytes() for path in app.config["DATA_DIR"].glob("webhooks.db*"))
    assert (webhook.auth_type, webhook.auth_public) == ("key_time", {"header_name": "X-Signed-At"})
    assert b"X-Signed-At" in found
    assert KEY.encode() not in found


def test_the_api_takes_it_keeps_the_key_and_never_tells_it(app: Flask, call: Call) -> None:
    hook = {"url": "https://crm.example/hook", "events": ["message_created"]}
    asked = call("POST", "/webhooks", hook | {"authorization": {"type": "key_time"}})
    assert errors(asked).keys() == {"/authorization/header_name", "/authorization/key"}

    made = call("POST", "/webhooks", hook | {"authorization": GIVEN})
    path = f"/webhooks/{made.json['id']}"
    changed = call("PATCH", path, {"authorization": {"type": "key_time", "header_name": "X-New"}})
    read = call("GET", path)

    assert made.json["authorization"] == SHOWN
    assert changed.json["authorization"] == SHOWN | {"header_name": "X-New"}
    assert kept(app, made.json["id"]) == KeyAndTime("X-New", KEY)
    assert not any(KEY in answer.text for answer in (made, changed, read))


def test_the_api_describes_it() -> None:
    schemas: dict[str, Any] = describe()["components"]["schemas"]
    mapping = schemas["NewWebhook"]["properties"]["authorization"]["discriminator"]["mapping"]
    assert schemas[mapping["key_time"].rpartition("/")[2]]["required"] == [
        "type",
        "header_name",
        "key",
    ]


def test_a_receiver_gets_the_header_and_its_echo_is_masked(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    subscribe(app, receiver.url, authorization=EXPECTED)
    receiver.answer(Answer(200, (("X-Echo", f"key={KEY}"),), f"your key is {KEY}".encode()))
    with working(app):
        send(app)
        (request,) = receiver.wait(1)
        ended(app)

    timestamp = int(request.header("webhook-timestamp") or "")
    assert request.header("X-Signed-At") == EXPECTED.headers(timestamp, b"")[0][1]
    with app.app_context():
        attempt = db.session.query(Attempt).one()
        assert ["X-Signed-At", MASK] in attempt.request_headers
        assert attempt.response_bytes == f"your key is {MASK}".encode()
        assert ["X-Echo", f"key={MASK}"] in attempt.response_headers
    (delivery,) = deliveries(app)
    assert KEY not in admin.get(f"/deliveries/{delivery.public_id}").text


def test_an_echo_is_taken_out_in_any_form() -> None:
    auth = KeyAndTime("X-Signed-At", "a/key+of&ours")
    assert redact(b"at a%2Fkey%2Bof%26ours end", auth) == f"at {MASK} end".encode()
