"""Looking at deliveries by the API, and sending one again."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Call, errors
from tests.engine.conftest import ended, working
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.receiver import Answer, Receiver
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Delivery

EVENT = {"type": "message_created", "data": {"id": 9001}}


@pytest.fixture
def hook(call: Call, receiver: Receiver) -> str:
    """The id of a webhook that listens to two kinds of events."""
    wanted = {
        "url": receiver.url,
        "events": ["message_created", "team_changed"],
        "authorization": {"type": "bearer", "token": "t0ken-kept-1"},
    }
    made = call("POST", "/webhooks", wanted)
    assert made.status_code == 201, made.text
    return str(made.json["id"])


def listed(call: Call, query: str = "") -> list[dict[str, Any]]:
    """The deliveries that a query finds."""
    answer = call("GET", f"/deliveries{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["deliveries"]
    return found


@ON_BOTH_DATABASES
def test_a_delivery_is_shown_with_the_contracts_shape(
    app: Flask, call: Call, hook: str, receiver: Receiver
) -> None:
    cyrillic = (("Content-Type", "text/plain; charset=windows-1251"),)
    receiver.answer(Answer(500, cyrillic, "відлуння: t0ken-kept-1".encode("cp1251")))
    event_id = call("POST", "/events", EVENT).json["id"]
    with working(app):
        receiver.wait(1)
    (delivery,) = listed(call)

    shown = call("GET", f"/deliveries/{delivery['id']}").json
    (attempt,) = shown.pop("attempts")
    assert shown == {
        "id": delivery["id"],
        "message_id": delivery["id"],
        "resend_of": None,
        "webhook_id": hook,
        "event_id": event_id,
        "type": "message_created",
        "test": False,
        "status": "pending",
        "created_at": delivery["created_at"],
        "next_attempt_at": shown["next_attempt_at"],
    }
    assert shown["next_attempt_at"] > shown["created_at"]
    assert attempt.keys() == {
        "number",
        "started_at",
        "duration_ms",
        "address",
        "status_code",
        "error",
        "detail",
        "notes",
        "location",
        "tls",
        "timings_ms",
        "request",
        "response",
    }
    assert (attempt["number"], attempt["status_code"]) == (1, 500)
    assert (attempt["error"], attempt["address"]) == ("http_status", "127.0.0.1")
    assert attempt["timings_ms"].keys() == {"dns", "connect", "tls", "first_byte", "total"}
    assert attempt["request"]["url"] == receiver.url
    assert ["Authorization", "Bearer ••••••••"] in attempt["request"]["headers"]
    response = attempt["response"]
    assert (response["body"], response["charset"]) == ("відлуння: ••••••••", "windows-1251")
    assert (response["truncated"], response["size"]) == (False, 22)
    assert (attempt["detail"], attempt["notes"]) == ("", [])
    assert attempt["location"] is attempt["tls"] is None


@ON_BOTH_DATABASES
def test_what_waits_says_since_when(call: Call, hook: str) -> None:
    call("POST", "/events", EVENT)

    (delivery,) = listed(call)

    assert (delivery["status"], delivery["attempts_made"]) == ("pending", 0)
    assert delivery["next_attempt_at"] == delivery["created_at"]


@ON_BOTH_DATABASES
def test_the_list_is_narrowed(call: Call, hook: str, channel: str) -> None:
    first = call("POST", "/events", EVENT | {"channel": channel}).json["id"]
    call("POST", "/events", EVENT | {"type": "team_changed"})
    call("POST", f"/webhooks/{hook}/test", {"type": "message_created"})

    def count(query: str) -> int:
        return len(listed(call, query))

    assert count("") == 3
    assert count("?type=team_changed") == 1
    assert count(f"?channel={channel}") == 1
    assert count("?channel=other") == 0
    assert count("?test=true") == 1
    assert count("?test=false&status=pending") == 2
    assert count("?status=succeeded") == 1
    assert count(f"?webhook={hook}") == 3
    assert count(f"?webhook={hook[:-1]}{'0' if hook[-1] != '0' else '1'}") == 0
    assert count(f"?event={first}") == 1


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("status=done", "/status"),
        ("type=deleted_everything", "/type"),
        ("test=maybe", "/test"),
        ("webhook=4", "/webhook"),
        ("event=dlv_1", "/event"),
        ("channel=a%20b", "/channel"),
        ("stauts=failed", "/stauts"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(call: Call, query: str, place: str) -> None:
    answer = call("GET", f"/deliveries?{query}")

    assert answer.status_code == 422
    assert errors(answer).keys() == {place}


@ON_BOTH_DATABASES
def test_the_list_comes_in_pages_that_new_deliveries_do_not_shift(call: Call, hook: str) -> None:
    events = [call("POST", "/events", EVENT).json["id"] for _ in range(5)]

    first = call("GET", "/deliveries?limit=2&status=pending")
    call("POST", "/events", EVENT)
    assert "status=pending" in first.headers["Link"]
    second = call("GET", f"/deliveries?limit=2&status=pending&cursor={first.json['next']}").json
    third = call("GET", f"/deliveries?limit=2&cursor={second['next']}").json

    seen = [*first.json["deliveries"], *second["deliveries"], *third["deliveries"]]
    assert [delivery["event_id"] for delivery in seen] == events[::-1]
    assert third["next"] is None


@ON_BOTH_DATABASES
def test_an_event_is_sent_once_more_as_a_delivery_of_its_own(
    app: Flask, call: Call, hook: str, receiver: Receiver
) -> None:
    call("POST", "/events", EVENT)
    with working(app):
        ended(app)
    (delivery,) = listed(call, "?status=succeeded")

    answer = call("POST", f"/deliveries/{delivery['id']}/resend")

    with working(app):
        ended(app, 2)
    first, second = receiver.wait(2)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/deliveries/{answer.json['id']}"
    assert answer.json["event_id"] == delivery["event_id"]
    assert answer.json["attempts"] == []
    assert first.body == second.body
    assert first.header("webhook-id") == second.header("webhook-id") == delivery["id"]
    assert answer.json["message_id"] == answer.json["resend_of"] == delivery["id"]
    assert answer.json["id"] != delivery["id"]
    assert len(listed(call, "?status=succeeded")) == 2


@ON_BOTH_DATABASES
def test_what_has_nobody_to_go_to_is_not_sent_again(app: Flask, call: Call, hook: str) -> None:
    call("POST", "/events", EVENT)
    (delivery,) = listed(call)
    tested = call("POST", f"/webhooks/{hook}/test", {"type": "message_created"}).json

    def refused(delivery_id: str) -> str:
        answer = call("POST", f"/deliveries/{delivery_id}/resend")
        assert answer.status_code == 409, answer.text
        return str(answer.json["detail"])

    assert "test" in refused(tested["id"])
    call("PATCH", f"/webhooks/{hook}", {"enabled": False})
    assert "disabled" in refused(delivery["id"])
    call("DELETE", f"/webhooks/{hook}")
    assert "deleted" in refused(delivery["id"])
    assert call("POST", "/deliveries/dlv_unknown/resend").status_code == 404
    assert len(listed(call, "?test=false")) == 1


@ON_BOTH_DATABASES
def test_a_test_from_an_unsaved_form_has_no_webhook(app: Flask, call: Call, hook: str) -> None:
    tested = call("POST", f"/webhooks/{hook}/test", {"type": "message_created"}).json
    with app.app_context(), transaction():
        delivery = Delivery.by_public_id(tested["id"])
        assert delivery
        delivery.webhook_id = None
        db.session.add(delivery)

    assert call("GET", f"/deliveries/{tested['id']}").json["webhook_id"] is None
