"""Filters in the API: as they are written, and refused with a pointer to what is wrong."""

from typing import Any

import pytest

from tests.api.conftest import Call, call, errors

__all__ = ["call"]  # fixtures
FILTERS = {
    "match": "any",
    "conditions": [
        {"path": "message_type", "operator": "equals", "value": "incoming"},
        {"path": "conversation.id", "operator": "in", "value": [1, 2.5, None, 2**53 + 1]},
        {"path": "labels", "operator": "exists", "value": None},
    ],
}
WEBHOOK = {"url": "https://crm.example/hook", "events": ["message_created"]}


def test_they_come_out_as_they_went_in_and_can_be_taken_away(call: Call) -> None:
    made = call("POST", "/webhooks", WEBHOOK | {"filters": FILTERS})
    assert made.status_code == 201, made.text
    assert made.json["filters"] == FILTERS
    path = f"/webhooks/{made.json['id']}"
    assert call("PATCH", path, {"name": "CRM"}).json["filters"] == FILTERS
    assert call("PATCH", path, {"filters": None}).json["filters"] is None
    assert call("POST", "/webhooks", WEBHOOK).json["filters"] is None


@pytest.mark.parametrize(
    ("condition", "pointer"),
    [
        ({"path": "a[?b]", "operator": "equals", "value": 1}, "/path"),
        ({"path": "", "operator": "equals", "value": 1}, "/path"),
        ({"path": "a", "operator": "matches", "value": "("}, "/value"),
        ({"path": "a", "operator": "matches", "value": 1}, "/value"),
        ({"path": "a", "operator": "in", "value": "x"}, "/value"),
        ({"path": "a", "operator": "in", "value": []}, "/value"),
        ({"path": "a", "operator": "equals", "value": {}}, "/value"),
        ({"path": "a", "operator": "greater"}, "/value"),
        ({"path": "a", "operator": "exists", "value": "yes"}, "/value"),
        ({"path": "a", "operator": "exists", "value": 0}, "/value"),
        ({"path": "a", "operator": "equals", "value": 10**400}, "/value"),
        ({"path": "a", "operator": "in", "value": [1, -(10**400)]}, "/value"),
        ({"path": "a", "operator": "like", "value": "x"}, "/operator"),
        ({"path": "a", "operator": "equals", "value": "x" * 1_001}, "/value"),
        ({"operator": "equals", "value": "x"}, "/path"),
    ],
)
def test_what_is_wrong_is_pointed_at(call: Call, condition: Any, pointer: str) -> None:
    answer = call("POST", "/webhooks", WEBHOOK | {"filters": {"conditions": [condition]}})
    assert answer.status_code == 422
    assert [*errors(answer)] == [f"/filters/conditions/0{pointer}"]


def test_too_many_are_refused(call: Call) -> None:
    many = [{"path": "a", "operator": "equals", "value": 1}] * 21
    answer = call("POST", "/webhooks", WEBHOOK | {"filters": {"conditions": many}})
    assert [*errors(answer)] == ["/filters/conditions"]
