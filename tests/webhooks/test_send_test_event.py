"""Sending a test event to a real receiver in another process."""

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from standardwebhooks import Webhook as Verifier

from tests.conftest import make_webhook, piece, sign_in, webhook_form
from tests.engine.conftest import deliveries
from tests.support.receiver import Answer, Received, Receiver
from tests.support.waiting import PATIENCE
from tests.webhooks.test_create import hidden
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.delivery import ping
from webhooks_ui.delivery.queue import turns
from webhooks_ui.models import Channel, form_keys
from webhooks_ui.views import pings


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def signing_secret(browser: FlaskClient, public_id: str) -> str:
    """The secret as the page shows it, once."""
    return "whsec_" + browser.get(f"/webhooks/{public_id}").text.partition("whsec_")[2][:44]


def verify(request: Received, secret: str) -> Any:
    """What the official package makes of a request; raises when the signature does not hold."""
    return Verifier(secret).verify(request.body, dict(request.headers))


@pytest.mark.parametrize(
    ("fields", "header", "value"),
    [
        ({"auth_type": "none"}, "Authorization", None),
        ({"auth_type": "bearer", "auth_token": "t0ken-1"}, "Authorization", "Bearer t0ken-1"),
        (
            {"auth_type": "basic", "auth_login": "нова", "auth_password": "пароль"},
            "Authorization",
            f"Basic {Basic('нова', 'пароль').credentials}",
        ),
        (
            {
                "auth_type": "custom",
                "auth_header_name": "X-Api-Key",
                "auth_header_value": "k-12345",
            },
            "X-Api-Key",
            "k-12345",
        ),
    ],
)
def test_each_authorization_arrives_signed(
    admin: FlaskClient, receiver: Receiver, fields: dict[str, str], header: str, value: str | None
) -> None:
    public_id = make_webhook(admin, url=receiver.url, **fields)
    secret = signing_secret(admin, public_id)

    answer = admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"})

    assert answer.status_code == 303
    (request,) = receiver.wait(1)
    assert request.method == "POST"
    assert request.header(header) == value
    assert request.header("Content-Type") == "application/json"
    assert (request.header("User-Agent") or "").startswith("webhooks-ui/")
    body = verify(request, secret)
    assert body["type"] == "message_created"
    assert body["channel"] is None
    assert body["data"] == json.loads(ALL_TYPES["message_created"].sample_text)
    assert (request.header("webhook-id") or "").startswith("dlv_")
    page = admin.get(answer.location).text
    assert "The receiver accepted the event." in page
    assert value is None or value not in page


def test_an_hmac_is_of_the_bytes_that_arrive_and_shown_as_it_is(
    admin: FlaskClient, receiver: Receiver
) -> None:
    names = {"auth_hmac_header_name": "X-Sig", "auth_hmac_timestamp_header": "X-Time"}
    public_id = make_webhook(
        admin, url=receiver.url, auth_type="hmac", auth_hmac_secret="kept-7f3a-secret", **names
    )

    answer = admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"})

    (request,) = receiver.wait(1)
    sent_at = request.header("webhook-timestamp")
    assert request.header("X-Time") == sent_at
    signed = f"{sent_at}.".encode() + request.body
    expected = "sha256=" + hmac.digest(b"kept-7f3a-secret", signed, "sha256").hex()
    assert request.header("X-Sig") == expected
    page = admin.get(answer.location).text
    assert expected in page
    assert "kept-7f3a-secret" not in page


def test_edited_data_is_sent_byte_for_byte(admin: FlaskClient, receiver: Receiver) -> None:
    public_id = make_webhook(admin, url=receiver.url, payload_format="raw")
    data = '{"big": 12345678901234567890, "price": 1.50, "ü": "é"}'

    admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed", "data": data})

    assert receiver.wait(1)[0].body == data.encode()


def test_the_envelope_names_the_webhooks_channel(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    with app.app_context(), transaction():
        db.session.add(Channel(key="4", name="Telegram sales", kind="telegram"))
    public_id = make_webhook(admin, url=receiver.url, channel="4")

    admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed", "data": "{}"})

    body = receiver.wait(1)[0].json()
    assert body["channel"] == {"key": "4", "name": "Telegram sales", "kind": "telegram"}
    assert body["id"].startswith("evt_")
    assert body["timestamp"].endswith("Z")


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_can_be_tested_though_disabled_and_not_subscribed(
    app: Flask, admin: FlaskClient, receiver: Receiver, event_type: str
) -> None:
    public_id = make_webhook(admin, url=receiver.url, enabled="", events=["message_created"])

    admin.post(f"/webhooks/{public_id}/test", data={"event": event_type})

    assert receiver.wait(1)[0].json()["type"] == event_type
    (delivery,) = deliveries(app)
    assert (delivery.test, delivery.status) == (True, "succeeded")


def test_the_test_stands_before_the_deliveries(admin: FlaskClient) -> None:
    """On a phone, where one stands below the other, nobody scrolls past the log to test."""
    page = admin.get(f"/webhooks/{make_webhook(admin)}").text
    assert page.index('id="test-send"') < page.index('id="history"')


def test_a_failure_is_told_in_words_stored_and_not_repeated(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    receiver.answer(Answer(status=401, body=b'{"error": "who are you?"}'))
    public_id = make_webhook(admin, url=receiver.url)

    page = admin.post(
        f"/webhooks/{public_id}/test", data={"event": "team_changed"}, follow_redirects=True
    ).text

    assert "401" in page
    assert "who are you?" in page
    assert [d.status for d in deliveries(app)] == ["failed"]
    assert len(receiver.requests()) == 1
    assert public_id in admin.get("/webhooks?status=failing").text
    receiver.answer(Answer(200))
    admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed"})
    assert public_id in admin.get("/webhooks?status=working").text


def test_an_echoed_secret_is_neither_stored_nor_shown(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    token = "token-that-a-receiver-echoes"
    receiver.answer(
        Answer(
            status=200,
            headers=(("X-Echo", f"Bearer {token}"),),
            body=json.dumps({"you": f"Bearer {token}"}).encode(),
        )
    )
    public_id = make_webhook(admin, url=receiver.url, auth_type="bearer", auth_token=token)

    page = admin.post(
        f"/webhooks/{public_id}/test", data={"event": "team_changed"}, follow_redirects=True
    ).text

    assert receiver.wait(1)[0].header("Authorization") == f"Bearer {token}"
    assert "•••" in page
    assert token not in page
    files = app.config["DATA_DIR"].glob("webhooks.db*")
    assert token.encode() not in b"".join(path.read_bytes() for path in files)


def test_a_double_click_sends_once(app: Flask, admin: FlaskClient, receiver: Receiver) -> None:
    public_id = make_webhook(admin, url=receiver.url)
    once = hidden(admin.get(f"/webhooks/{public_id}").text, "once")

    for _ in range(2):
        admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed", "once": once})

    assert len(deliveries(app)) == 1
    assert len(receiver.requests()) == 1


def test_two_clicks_at_once_send_once(
    app: Flask, admin: FlaskClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one looks for the first before that is stored."""
    public_id = make_webhook(admin, url=receiver.url)
    form = {
        "event": "team_changed",
        "once": hidden(admin.get(f"/webhooks/{public_id}").text, "once"),
    }
    first = admin.post(f"/webhooks/{public_id}/test", data=form).location
    found, looked = form_keys.made_by, count()
    monkeypatch.setattr(form_keys, "made_by", lambda key: found(key) if next(looked) else None)

    assert admin.post(f"/webhooks/{public_id}/test", data=form).location == first
    assert len(deliveries(app)) == 1


def test_a_second_test_from_the_answer_is_a_new_one(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    public_id = make_webhook(admin, url=receiver.url)
    first = piece(admin, "POST", f"/webhooks/{public_id}/test", data={"event": "team_changed"})
    once = hidden(first.text, "once")

    piece(
        admin, "POST", f"/webhooks/{public_id}/test", data={"event": "team_changed", "once": once}
    )

    assert len(receiver.wait(2)) == 2
    assert len(deliveries(app)) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ('{"a": ', "line 1"),
        ("[]", "JSON object"),
        ('{"a": NaN}', "JSON has no NaN"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"a": ' + "[" * 100 + "]" * 100 + "}", "nested"),
        ("{" + '"a":{' * 3000 + "}" * 3001, "nested"),
        ('{"a": "' + "x" * 1_000_001 + '"}', "bytes at most"),
    ],
)
def test_data_that_is_no_event_is_refused(
    app: Flask, admin: FlaskClient, data: str, words: str
) -> None:
    public_id = make_webhook(admin)

    answer = admin.post(
        f"/webhooks/{public_id}/test", data={"event": "message_created", "data": data}
    )

    assert answer.status_code == 422
    assert words in answer.text
    assert deliveries(app) == []


def test_an_unknown_event_is_refused(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    assert admin.post(f"/webhooks/{public_id}/test", data={"event": "x"}).status_code == 422


def test_the_unsaved_form_sends_what_it_says_and_keeps_what_was_typed(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    draft = hidden(admin.get("/webhooks/new").text, "draft")
    form = webhook_form(
        url=receiver.url,
        auth_type="basic",
        auth_login="nova",
        auth_password="typed-secret-1",
        draft=draft,
        event="assignee_changed",
        events=[],
    )

    page = admin.post("/webhooks/test", data=form)

    assert page.status_code == 200
    assert "The receiver accepted the event." in page.text
    assert "typed-secret-1" not in page.text
    assert 'value="nova"' in page.text
    (request,) = receiver.wait(1)
    assert request.header("Authorization") == (
        f"Basic {Basic('nova', 'typed-secret-1').credentials}"
    )

    kept = hidden(page.text, "draft")
    saved = make_webhook(
        admin, **form | {"auth_password": "", "draft": kept, "events": ["team_changed"]}
    )
    verify(request, signing_secret(admin, saved))
    page_of_it = admin.get(f"/webhooks/{saved}").text
    assert deliveries(app)[0].public_id in page_of_it


def test_the_unsaved_form_of_a_saved_webhook_uses_its_stored_secret(
    admin: FlaskClient, receiver: Receiver
) -> None:
    public_id = make_webhook(admin, url=receiver.url, auth_type="bearer", auth_token="stored-1")
    secret = signing_secret(admin, public_id)
    form = webhook_form(
        url=receiver.url + "/v2", auth_type="bearer", webhook=public_id, event="team_changed"
    )

    answer = piece(admin, "POST", "/webhooks/test", data=form)

    assert "The receiver accepted the event." in answer.text
    (request,) = receiver.wait(1)
    assert request.path.endswith("/v2")
    assert request.header("Authorization") == "Bearer stored-1"
    verify(request, secret)


def test_an_unsaved_form_with_errors_is_not_sent(admin: FlaskClient, receiver: Receiver) -> None:
    form = webhook_form(url=receiver.url, auth_type="bearer", event="team_changed")

    page = admin.post("/webhooks/test", data=form)
    answer = piece(admin, "POST", "/webhooks/test", data=form)

    assert (page.status_code, answer.status_code) == (422, 422)
    assert "<html" not in answer.text
    assert receiver.requests() == []


def test_a_private_receiver_is_refused_with_the_settings_name(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pings, "PIECE_WAITS", PATIENCE)
    form = webhook_form(url="http://inside.example/", event="team_changed")

    answer = piece(admin, "POST", "/webhooks/test", data=form)

    assert "WEBHOOKS_UI_ALLOWED_NETWORKS" in answer.text
    assert "10.0.0.8" in answer.text


def test_curl_has_no_secret(app: Flask, admin: FlaskClient, receiver: Receiver) -> None:
    public_id = make_webhook(
        admin, url=receiver.url, auth_type="bearer", auth_token="not-in-curl-1"
    )

    page = admin.post(
        f"/webhooks/{public_id}/test", data={"event": "team_changed"}, follow_redirects=True
    ).text

    assert "$TOKEN" in page
    assert "curl -X POST" in page
    assert "not-in-curl-1" not in page


def test_receivers_that_hang_leave_the_console_quick(
    make_app: Callable[..., Flask], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pings, "PIECE_WAITS", 0.02)
    app = make_app(DELIVERY_TIMEOUT=30.0)
    admin = sign_in(app, "olena")
    receiver.answer(Answer(hang=True))
    public_id = make_webhook(admin, url=receiver.url)

    answers = [
        piece(admin, "POST", f"/webhooks/{public_id}/test", data={"event": "team_changed"})
        for _ in range(11)
    ]

    # All eleven are answered while none of the receivers has answered: each says it is on its way
    # and how to ask again, and all of them run at once.
    assert all("hx-trigger" in answer.text for answer in answers)
    assert len(receiver.wait(11)) == 11
    assert admin.get("/webhooks").status_code == 200
    receiver.close()


def test_too_many_tests_at_once_are_refused_in_words(
    make_app: Callable[..., Flask], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "MAX_AT_ONCE", 1)
    app = make_app(DELIVERY_TIMEOUT=30.0)
    admin = sign_in(app, "olena")
    receiver.answer(Answer(hang=True))
    public_id = make_webhook(admin, url=receiver.url)
    url = f"/webhooks/{public_id}/test"

    piece(admin, "POST", url, data={"event": "team_changed"})
    receiver.wait(1)
    refused = piece(admin, "POST", url, data={"event": "team_changed"})

    assert refused.status_code == 422
    assert "Try again in a few seconds" in refused.text


def test_the_log_of_a_failed_record_does_not_end_the_runner(
    app: Flask, admin: FlaskClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = make_webhook(admin, url=receiver.url)
    failed = threading.Event()

    def refuse(_public_id: str, _attempt: dict[str, Any], _moment: datetime) -> None:
        failed.set()
        raise RuntimeError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(turns, "finish_ping", refuse)
        admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed"})
        assert failed.wait(5)
    admin.post(f"/webhooks/{public_id}/test", data={"event": "team_changed"})

    assert [d.status for d in deliveries(app)] == ["delivering", "succeeded"]


def test_without_javascript_a_slow_answer_is_asked_for_by_a_button(
    make_app: Callable[..., Flask], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pings, "PAGE_WAITS", 0.0)
    app = make_app(DELIVERY_TIMEOUT=30.0)
    admin = sign_in(app, "olena")
    receiver.answer(Answer(delay=0.3))
    form = webhook_form(
        url=receiver.url, auth_type="bearer", auth_token="kept-secret-1", event="team_changed"
    )

    page = admin.post("/webhooks/test", data=form).text
    (delivery,) = deliveries(app)
    assert f'name="again" value="{delivery.public_id}"' in page
    app.extensions["pings"].wait(delivery.public_id, 10)
    again = form | {"draft": hidden(page, "draft"), "auth_token": "", "again": delivery.public_id}
    page = admin.post("/webhooks/test", data=again).text

    assert "The receiver accepted the event." in page
    assert len(receiver.requests()) == 1


def test_the_language_switch_of_an_answer_without_javascript_leads_to_a_page(
    admin: FlaskClient,
) -> None:
    """The answer's own address takes POST alone."""
    public_id = make_webhook(admin)
    page, form = f"/webhooks/{public_id}", webhook_form(event="nothing")
    for sent_to, data, back in (
        ("/webhooks/test", form, "/webhooks/new"),
        ("/webhooks/test", form | {"webhook": public_id}, f"{page}/edit"),
        (f"{page}/test", form, page),
    ):
        assert f'name="next" value="{back}"' in admin.post(sent_to, data=data).text
    assert f'name="next" value="{page}?test=1"' in admin.get(f"{page}?test=1").text
