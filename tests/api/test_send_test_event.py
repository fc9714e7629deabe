"""Sending a test event by the API."""

import ssl
from typing import Any

import pytest
import trustme
from standardwebhooks import Webhook as Verifier

from tests.api.conftest import Call, caller, errors, issue
from tests.delivery.hostile import Hostile, answering, answering_once
from tests.support.apps import ON_BOTH_DATABASES, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import free_port
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.delivery import ping


def make(call: Call, url: str, **changes: Any) -> Any:
    """A new webhook."""
    made = call("POST", "/webhooks", {"url": url, "events": ["team_changed"], **changes})
    assert made.status_code == 201, made.text
    return made.json


@ON_BOTH_DATABASES
def test_the_answer_is_the_delivery(call: Call, receiver: Receiver) -> None:
    receiver.answer(Answer(status=201, headers=(("X-Seen", "yes"),), body=b"thank you"))
    hook = make(call, receiver.url)

    answer = call("POST", f"/webhooks/{hook['id']}/test", {"type": "message_created"})

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["test"]) == ("succeeded", True)
    assert answer.json["webhook_id"] == hook["id"]
    (attempt,) = answer.json["attempts"]
    assert (attempt["status_code"], attempt["error"]) == (201, None)
    assert attempt["response"]["body"] == "thank you"
    assert ["X-Seen", "yes"] in attempt["response"]["headers"]
    (request,) = receiver.requests()
    assert request.header("webhook-id") == answer.json["id"]
    Verifier(hook["signing_secret"]).verify(request.body, dict(request.headers))
    assert ALL_TYPES["message_created"].sample_text.encode() in request.body
    assert call("GET", f"/deliveries/{answer.json['id']}").json == answer.json


@ON_BOTH_DATABASES
def test_own_data_is_sent_byte_for_byte(call: Call, receiver: Receiver) -> None:
    hook = make(call, receiver.url, payload_format="raw")
    data = b'{ "n": 12345678901234567890, "price":1.50 }'

    body = b'{"type": "team_changed", "data": ' + data + b"}"
    answer = call("POST", f"/webhooks/{hook['id']}/test", data=body)

    assert answer.status_code == 200
    assert receiver.requests()[0].body == data


def test_a_failure_is_told_and_not_repeated(call: Call) -> None:
    hook = make(call, f"http://127.0.0.1:{free_port()}/", enabled=False)

    answer = call("POST", f"/webhooks/{hook['id']}/test", {"type": "team_changed"})

    assert (answer.status_code, answer.json["status"]) == (200, "failed")
    (attempt,) = answer.json["attempts"]
    assert (attempt["error"], attempt["status_code"]) == ("connection_refused", None)
    assert attempt["detail"] == "Connection refused"
    nothing = {"headers": [], "body": "", "charset": "utf-8", "truncated": False, "size": 0}
    assert attempt["response"] == nothing
    assert answer.json["next_attempt_at"] is None


def test_why_a_receiver_was_not_trusted_is_told(call: Call) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1", common_name="crm").configure_cert(context)
    receiver = Hostile(answering(b""), context)
    hook = make(call, receiver.url())

    answer = call("POST", f"/webhooks/{hook['id']}/test", {"type": "team_changed"})
    receiver.close()

    (attempt,) = answer.json["attempts"]
    assert attempt["error"] == "tls_failure"
    assert "certificate" in attempt["detail"]
    assert "CN=crm" in attempt["tls"]["subject"]
    assert attempt["tls"]["san"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            b"HTTP/1.1 302 Found\r\nLocation: https://new.example/\r\nContent-Length: 0\r\n\r\n",
            ("redirected", [], "https://new.example/", 0),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nno header\r\n\r\nhalf",
            (None, ["bad_headers", "incomplete_body"], None, 4),
        ),
    ],
)
def test_what_was_unusual_about_an_answer_is_told(
    call: Call, answer: bytes, told: tuple[object, ...]
) -> None:
    receiver = Hostile(answering_once(answer))
    hook = make(call, receiver.url())

    sent = call("POST", f"/webhooks/{hook['id']}/test", {"type": "team_changed"})
    receiver.close()

    (attempt,) = sent.json["attempts"]
    size = attempt["response"]["size"]
    assert (attempt["error"], attempt["notes"], attempt["location"], size) == told


def test_a_receiver_that_hangs_is_waited_for_to_the_end(
    make_app: MakeApp, receiver: Receiver
) -> None:
    app = make_app(DELIVERY_TIMEOUT=0.5)
    call = caller(app, issue(app, "admin"))
    receiver.answer(Answer(hang=True))
    hook = make(call, receiver.url)

    answer = call("POST", f"/webhooks/{hook['id']}/test", {"type": "team_changed"})

    assert answer.json["status"] == "failed"
    assert answer.json["attempts"][0]["error"] == "timeout"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "/type"),
        ({"type": "deleted_everything"}, "/type"),
        ({"type": "team_changed", "data": []}, "/data"),
        ({"type": "team_changed", "url": "x"}, "/url"),
    ],
)
def test_a_test_that_cannot_be_is_refused(
    call: Call, receiver: Receiver, body: Any, place: str
) -> None:
    hook = make(call, receiver.url)

    answer = call("POST", f"/webhooks/{hook['id']}/test", body)

    assert answer.status_code == 422
    assert errors(answer).keys() == {place}
    assert receiver.requests() == []


def test_so_many_wait_that_another_has_to_come_later(
    call: Call, receiver: Receiver, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "MAX_AT_ONCE", 0)
    hook = make(call, receiver.url)

    answer = call("POST", f"/webhooks/{hook['id']}/test", {"type": "team_changed"})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
