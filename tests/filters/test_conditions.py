"""Conditions on an event's data: what each operator says of each kind of value."""

import json
from typing import Any

import pytest

from tests.sources.chatwoot import NAMES, body, changed
from webhooks_ui.forms.filter_fields import READY
from webhooks_ui.text.filters import Condition, Filters, is_path, is_pattern, parsed

DATA = {
    "text": "Потрібна ДОПОМОГА",
    "number": 7,
    "big": 12345678901234567890,
    "yes": True,
    "null": None,
    "labels": ["vip", "new"],
    "time": "2026-01-21T12:53:20.000Z",
    "inner": {"a-b": 1, "list": [{"x": 1}, {"x": 5}]},
}


@pytest.mark.parametrize(
    ("path", "operator", "value", "holds"),
    [
        ("text", "equals", "Потрібна ДОПОМОГА", True),
        ("text", "equals", "потрібна допомога", False),
        ("number", "equals", 7, True),
        ("number", "equals", 7.0, True),
        ("number", "equals", "7", True),
        ("number", "equals", "7x", False),
        ("big", "equals", 12345678901234567890, True),
        ("yes", "equals", True, True),
        ("yes", "equals", 1, False),
        ("number", "equals", True, False),
        ("null", "equals", None, True),
        ("absent.too", "equals", None, True),
        ("text", "equals", None, False),
        ("labels", "equals", "vip", True),
        ("labels[0]", "equals", "new", False),
        ("labels", "not_equals", "vip", False),
        ("labels", "not_equals", "old", True),
        ("absent", "not_equals", "x", True),
        ("number", "in", [1, 7], True),
        ("number", "in", ["1", "7"], True),
        ("text", "in", ["a"], False),
        ("text", "contains", "допомога", True),
        ("number", "contains", "7", False),
        ("labels", "contains", "VI", True),
        ("text", "exists", True, True),
        ("text", "exists", None, True),
        ("absent", "exists", True, False),
        ("null", "exists", False, True),
        ("text", "matches", r"(?i)\sдопомога$", True),
        ("text", "matches", r"^допомога", False),
        ("number", "matches", "7", False),
        ("number", "greater", 6, True),
        ("number", "greater", "7", False),
        ("number", "less", 8.5, True),
        ("number", "less", 10**400, True),
        ("number", "less", -(10**400), False),
        ("number", "in", [10**400, 7], True),
        ("text", "less", 8, False),
        ("time", "greater", "2026-01-21T12:00", True),
        ("time", "less", "2026-01-21T12:00", False),
        ("inner.list[].x", "equals", 5, True),
        ("inner.list[*].x", "greater", 5, False),
        ('inner."a-b"', "equals", 1, True),
        ("inner.list[-1].x", "equals", 5, True),
    ],
)
def test_an_operator(path: str, operator: Any, value: Any, holds: bool) -> None:
    assert is_path(path)
    assert Condition(path, operator, value).holds(parsed(json.dumps(DATA).encode())) is holds


def test_all_or_any() -> None:
    yes, no = Condition("number", "equals", 7), Condition("number", "equals", 8)
    assert Filters("all", (yes, yes)).unmet(DATA) == ()
    assert Filters("all", (yes, no)).unmet(DATA) == (no,)
    assert Filters("any", (yes, no)).unmet(DATA) == ()
    assert Filters("any", (no, no)).unmet(DATA) == (no, no)


def test_they_are_stored_and_found_again() -> None:
    filters = Filters("any", (Condition("a", "in", ["x", 1]), Condition("b", "exists")))
    assert Filters.of(json.loads(json.dumps(filters.as_json))) == filters
    assert Filters.of(None) is None
    assert Filters.of({"match": "all", "conditions": []}) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", "a b", "a..b", "a[?x]", "length(a)", "a|b", "[a,b]", "{a: b}", "`1`", "a[", "a[0:1]"),
        *("@.a | [@,@][]", "a && b", "a == b", "!a", "'x'", "(" * 190),
    ],
)
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


@pytest.mark.parametrize("pattern", ["(", "[", "a{2000}", r"(?=x)", r"(a)\1", "\ud800"])
def test_what_is_no_pattern(pattern: str) -> None:
    assert not is_pattern(pattern)


def test_no_pattern_takes_longer_than_its_text() -> None:
    """Backtracking engines would take longer than the universe has lasted."""
    condition = Condition("text", "matches", "^(a+)+$")
    assert not condition.holds({"text": "a" * 100_000 + "!"})


def test_numbers_too_long_to_compute_with_are_read() -> None:
    data = parsed(b'{"a": %s, "b": 1e999}' % (b"9" * 5_000))
    assert Condition("a", "greater", 1).holds(data)
    assert Condition("b", "greater", 1).holds(data)


def test_half_a_surrogate_pair_is_a_text() -> None:
    data = parsed(b'{"a": "\\ud83d x"}')
    assert Condition("a", "matches", "x$").holds(data)
    assert Condition("a", "contains", "X").holds(data)


MESSAGES = [name for name in NAMES if name.startswith("message_created")]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("incoming", {"attachment", "incoming"}),
        ("public", {"attachment", "bot", "incoming", "outgoing_agent"}),
        ("people", {"attachment", "incoming", "outgoing_agent", "private_note"}),
    ],
)
def test_what_the_ready_ones_let_through(name: str, kept: set[str]) -> None:
    filters = Filters("all", READY[name][1])
    passed = {each for each in MESSAGES if not filters.unmet(parsed(body(each)))}
    assert passed == {f"message_created_{each}" for each in kept}


def test_chatwoots_bodies_by_path() -> None:
    data = parsed(body("message_created_incoming"))
    assert Condition("conversation.meta.team.name", "equals", "sales").holds(data)
    assert Condition("conversation.labels", "equals", "vip").holds(data)


def test_the_status_that_a_conversation_came_to() -> None:
    to = Filters("all", READY["resolved"][1])
    assert not to.unmet(parsed(changed(status=("open", "resolved"))))
    assert to.unmet(parsed(changed(status=("resolved", "open"))))
    assert to.unmet(parsed(body("conversation_status_changed")))
