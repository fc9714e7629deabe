"""Taking events in, one by one."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.api.conftest import Call, caller, errors, issue
from tests.conftest import make_webhook, sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db
from webhooks_ui.models import Channel, Delivery, Event

EVENT = {"type": "message_created", "data": {"id": 9001}}


def events_in(app: Flask) -> int:
    """How many events are stored."""
    with app.app_context():
        return db.session.scalar(select(func.count(Event.id))) or 0


@ON_BOTH_DATABASES
def test_an_event_reaches_every_webhook_that_subscribes(app: Flask, call: Call) -> None:
    browser = sign_in(app, "olena")
    for events in (["message_created"], ["message_created", "team_changed"], ["team_changed"]):
        make_webhook(browser, events=events)

    answer = call("POST", "/events", EVENT)

    assert answer.status_code == 202
    assert answer.json["deliveries"] == 2
    assert answer.json["duplicate"] is False
    with app.app_context():
        event = Event.by_public_id(answer.json["id"])
        assert event
        query = select(Delivery).where(Delivery.event_id == event.id)
        assert {delivery.status for delivery in db.session.scalars(query)} == {"pending"}


def test_a_token_for_events_is_enough(app: Flask) -> None:
    assert caller(app, issue(app, "events"))("POST", "/events", EVENT).status_code == 202


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"n": 12345678901234567890, "price": 1.50, "tiny": 1E-7}',
        '{ "text": "Добрий день \\u2014 \\/" ,\n\t"empty": [ ] }'.encode(),
    ],
)
def test_data_is_kept_byte_for_byte(call: Call, data: bytes) -> None:
    taken = call("POST", "/events", data=b'{"type": "team_changed", "data": ' + data + b"}")
    shown = call("GET", f"/events/{taken.json['id']}")

    assert taken.status_code == 202
    assert shown.data.endswith(b'"data":' + data + b"}")
    assert shown.json["type"] == "team_changed"


@ON_BOTH_DATABASES
def test_the_same_event_again_is_answered_as_before(app: Flask, call: Call) -> None:
    make_webhook(sign_in(app, "olena"))
    event = EVENT | {"id": "chat-1"}

    first, second = (call("POST", "/events", event) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json == first.json | {"duplicate": True}
    assert second.json["deliveries"] == 1
    assert events_in(app) == 1


@ON_BOTH_DATABASES
def test_the_same_idempotency_key_with_another_event_is_refused(app: Flask, call: Call) -> None:
    key = {"Idempotency-Key": "k-1"}
    call("POST", "/events", EVENT, headers=key)

    answer = call("POST", "/events", EVENT | {"data": {"id": 9002}}, headers=key)

    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert events_in(app) == 1


@ON_BOTH_DATABASES
def test_everything_about_an_event_is_kept(call: Call, channel: str) -> None:
    event = EVENT | {
        "channel": channel,
        "id": "chat-7",
        "occurred_at": "2026-01-21T14:53:20.4127+02:00",
    }

    shown = call("GET", f"/events/{call('POST', '/events', event).json['id']}").json

    assert shown["channel"] == {
        "key": "telegram-sales",
        "name": "Telegram sales",
        "kind": "telegram",
    }
    assert shown["occurred_at"] == "2026-01-21T12:53:20.412Z"
    assert (shown["sender_id"], shown["test"], shown["deliveries"]) == ("chat-7", False, 0)


@ON_BOTH_DATABASES
@pytest.mark.parametrize("moment", ["0001-01-02T00:00:01Z", "9999-12-30T23:59:59Z"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_an_event_of_any_time_is_shown_everywhere(make_app: Any, zone: str, moment: str) -> None:
    app = make_app(TIMEZONE=zone)
    taken = caller(app, issue(app, "events"))("POST", "/events", EVENT | {"occurred_at": moment})

    assert taken.status_code == 202
    assert sign_in(app, "olena").get(f"/events/{taken.json['id']}").status_code == 200


@ON_BOTH_DATABASES
def test_a_channel_is_made_and_renamed_by_an_event(app: Flask, call: Call) -> None:
    made = {"key": "4", "name": "Site", "kind": "website"}
    assert call("POST", "/events", EVENT | {"channel": made}).status_code == 202
    assert (
        call("POST", "/events", EVENT | {"channel": {"key": "4", "name": "Shop"}}).status_code
        == 202
    )

    with app.app_context():
        stored = Channel.by_key("4")
        assert stored
        assert (stored.key, stored.name, stored.kind) == ("4", "Shop", "website")


WRONG: list[tuple[Any, dict[str, str]]] = [
    ({}, {"/type": "missing", "/data": "missing"}),
    (EVENT | {"type": "deleted_everything"}, {"/type": "message_created"}),
    (EVENT | {"type": 5}, {"/type": "text"}),
    (EVENT | {"channel": "gone"}, {"/channel": "gone"}),
    (EVENT | {"channel": "a\x00b"}, {"/channel": "NUL"}),
    (EVENT | {"id": "\ud83d"}, {"/id": "surrogate"}),
    (EVENT | {"channel": {"key": "4", "name": "\udfff"}}, {"/channel/name": "surrogate"}),
    (EVENT | {"\ud800": 1}, {"": "surrogate"}),
    (EVENT | {"channel": 4}, {"/channel": "key"}),
    (EVENT | {"channel": {"key": "4"}}, {"/channel/name": "missing"}),
    (
        EVENT | {"channel": {"key": "a b", "name": ""}},
        {"/channel/key": "Latin letters", "/channel/name": "name"},
    ),
    (EVENT | {"channel": {"key": "4", "name": "x", "kind": "fax"}}, {"/channel/kind": "Choose"}),
    (EVENT | {"data": []}, {"/data": "JSON object"}),
    (EVENT | {"data": "{}"}, {"/data": "JSON object"}),
    (EVENT | {"id": ""}, {"/id": "leave it out"}),
    (EVENT | {"id": "x" * 256}, {"/id": "255"}),
    (EVENT | {"id": 7}, {"/id": "text"}),
    (EVENT | {"occurred_at": "yesterday"}, {"/occurred_at": "RFC 3339"}),
    (EVENT | {"occurred_at": "2026-02-30T00:00:00Z"}, {"/occurred_at": "RFC 3339"}),
    (EVENT | {"occurred_at": "0001-01-01T00:00:00+14:00"}, {"/occurred_at": "RFC 3339"}),
    (EVENT | {"occurred_at": "0001-01-01T12:00:00Z"}, {"/occurred_at": "RFC 3339"}),
    (EVENT | {"occurred_at": "9999-12-31T12:00:00Z"}, {"/occurred_at": "RFC 3339"}),
    (EVENT | {"a/b~": 1}, {"/a~1b~0": "Leave it out"}),
]


@pytest.mark.parametrize(("event", "expected"), WRONG)
def test_a_wrong_event_is_refused_in_words(
    app: Flask, call: Call, event: Any, expected: dict[str, str]
) -> None:
    answer = call("POST", "/events", event)

    assert answer.status_code == 422
    found = errors(answer)
    assert found.keys() == expected.keys()
    assert all(words in found[place] for place, words in expected.items())
    assert events_in(app) == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"type": "message_created",\n "data": {]}', "line 2, column 11"),
        (b'{"type": "message_created", "data": {"a": NaN}}', "NaN"),
        (b'{"type": "message_created", "data": {}, "data": {}}', "twice"),
        (b'{"type": "\xff"}', "UTF-8"),
        (b"[]", "object"),
        (b"", "line 1"),
        (b'{"data": ' + b"[" * 500 + b"]" * 500 + b"}", "deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(call: Call, body: bytes, words: str) -> None:
    answer = call("POST", "/events", data=body)

    assert answer.status_code == 400
    assert words in answer.json["detail"]


def test_an_event_that_is_too_large_is_refused(make_app: Any) -> None:
    app = make_app(MAX_EVENT_SIZE=1000)
    call = caller(app, issue(app, "events"))

    fits = call("POST", "/events", EVENT | {"data": {"a": "x" * 990}})
    large = call("POST", "/events", EVENT | {"data": {"a": "x" * 992}})
    huge = call("POST", "/events", EVENT | {"data": {"a": "x" * 100_000}})

    assert [answer.status_code for answer in (fits, large, huge)] == [202, 413, 413]
    assert "1,000 bytes" in large.json["detail"]
    assert huge.mimetype == "application/problem+json"


def test_a_form_is_no_event(call: Call) -> None:
    answer = call(
        "POST",
        "/events",
        data=b"type=message_created",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 415
    assert "application/json" in answer.json["detail"]


def test_a_leap_second_is_the_second_after_it(call: Call) -> None:
    taken = call("POST", "/events", EVENT | {"occurred_at": "2016-12-31T23:59:60.5Z"})
    shown = call("GET", f"/events/{taken.json['id']}").json
    assert shown["occurred_at"] == "2017-01-01T00:00:00.500Z"


@ON_BOTH_DATABASES
def test_half_an_emoji_is_taken_as_it_came(call: Call) -> None:
    data = b'{"text": "cut \\ud83d", "\\udfff": "\\u0000"}'
    body = b'{"type": "message_created", "data": ' + data + b"}"

    for taken in (
        call("POST", "/events", data=body).json,
        call("POST", "/events/batch", data=b'{"events": [' + body + b"]}").json["events"][0],
    ):
        assert call("GET", f"/events/{taken['id']}").data.endswith(data + b"}")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_an_idempotency_key_that_cannot_be_used_is_refused(call: Call, key: str) -> None:
    answer = call("POST", "/events", EVENT, headers={"Idempotency-Key": key})

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["detail"]
