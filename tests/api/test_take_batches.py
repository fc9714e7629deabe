"""Taking many events in at once, all or none."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import Call, caller, errors, issue
from tests.api.test_take_events import EVENT, events_in
from tests.conftest import make_webhook, sign_in
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.api.body import MAX_FAULTS


@ON_BOTH_DATABASES
def test_a_batch_is_answered_in_its_order(app: Flask, call: Call) -> None:
    make_webhook(sign_in(app, "olena"))
    other = EVENT | {"type": "team_changed"}

    answer = call("POST", "/events/batch", {"events": [EVENT, other, EVENT | {"id": "a"}]})

    assert answer.status_code == 202
    assert [one["deliveries"] for one in answer.json["events"]] == [1, 0, 1]
    assert len({one["id"] for one in answer.json["events"]}) == 3


@ON_BOTH_DATABASES
def test_a_thousand_events_are_taken_and_no_more(app: Flask, call: Call) -> None:
    assert call("POST", "/events/batch", {"events": [EVENT] * 1000}).status_code == 202

    answer = call("POST", "/events/batch", {"events": [EVENT] * 1001})

    assert answer.status_code == 422
    assert "1,000" in errors(answer)["/events"]
    assert events_in(app) == 1000


WRONG: list[tuple[Any, dict[str, str]]] = [
    ({}, {"/events": "missing"}),
    ({"events": []}, {"/events": "at least one"}),
    ({"events": {}}, {"/events": "list"}),
    ({"events": [EVENT], "more": 1}, {"/more": "Leave it out"}),
    ({"events": [EVENT, 5]}, {"/events/1": "object"}),
    ({"events": [EVENT, EVENT | {"type": "x"}]}, {"/events/1/type": "message_created"}),
    ({"events": [EVENT, EVENT | {"channel": "x"}]}, {"/events/1/channel": "x"}),
    (
        {"events": [{"data": {}}, EVENT, {"type": "x"}]},
        {"/events/0/type": "missing", "/events/2/data": "missing"},
    ),
    ({"events": [EVENT, EVENT | {"occurred_at": "x"}]}, {"/events/1/occurred_at": "RFC 3339"}),
]


@pytest.mark.parametrize(("batch", "expected"), WRONG)
def test_one_wrong_event_refuses_them_all(
    app: Flask, call: Call, batch: Any, expected: dict[str, str]
) -> None:
    answer = call("POST", "/events/batch", batch)

    assert answer.status_code == 422
    found = errors(answer)
    assert found.keys() == expected.keys()
    assert all(words in found[place] for place, words in expected.items())
    assert events_in(app) == 0


def test_one_event_that_cannot_be_read_is_named(app: Flask, call: Call) -> None:
    good = b'{"type": "message_created", "data": {}}'
    wrong = [b'{"type": "a", "type": "b", "data": {}}', b'{"data": {"a": NaN}}', b"5"]
    listed = b",".join([good, wrong[0], good, wrong[1], good, wrong[2]])

    found = errors(call("POST", "/events/batch", data=b'{"events": [' + listed + b"]}"))

    assert found.keys() == {"/events/1", "/events/3", "/events/5"}
    assert "twice" in found["/events/1"]
    assert "NaN" in found["/events/3"]
    assert events_in(app) == 0


def test_fifty_faults_are_told_and_the_rest_not_looked_at(call: Call) -> None:
    batch = b'{"events": [' + b"{}," * 2_000_000 + b"{}]}"

    assert len(errors(call("POST", "/events/batch", data=batch))) == MAX_FAULTS


@ON_BOTH_DATABASES
def test_the_data_of_each_is_kept_byte_for_byte(call: Call) -> None:
    kept = [b'{"n": 12345678901234567890}', b"{ }", b'{"n":1.50}']
    listed = b",".join(b'{"type": "team_changed", "data": ' + data + b"}" for data in kept)

    answer = call("POST", "/events/batch", data=b'{"events": [' + listed + b"]}")

    shown = [call("GET", f"/events/{one['id']}").data for one in answer.json["events"]]
    assert all(text.endswith(data + b"}") for text, data in zip(shown, kept, strict=True))


@ON_BOTH_DATABASES
def test_an_idempotency_key_stands_for_the_whole_batch(app: Flask, call: Call) -> None:
    batch, key = {"events": [EVENT, EVENT]}, {"Idempotency-Key": "b-1"}

    first, second = (call("POST", "/events/batch", batch, headers=key) for _ in range(2))

    assert [one["duplicate"] for one in first.json["events"]] == [False, False]
    assert second.json["events"] == [one | {"duplicate": True} for one in first.json["events"]]
    assert events_in(app) == 2


def test_a_batch_may_be_larger_than_an_event_but_not_without_end(make_app: Any) -> None:
    app = make_app(MAX_EVENT_SIZE=1000)
    call = caller(app, issue(app, "events"))
    large = EVENT | {"data": {"a": "x" * 900}}

    taken = call("POST", "/events/batch", {"events": [large] * 200})
    refused = call("POST", "/events/batch", {"events": [large] * 1000 * 3})

    assert (taken.status_code, refused.status_code) == (202, 413)
