"""A webhook's state: the rules at their borders, alike in Python and SQL."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from webhooks_ui.explanations.states import GROUPS, RANKED, group_of, is_degraded, is_silent, state

THEN = datetime(2026, 11, 28, tzinfo=UTC)
WORKS: dict[str, Any] = {
    "enabled": True,
    "is_paused": False,
    "failing_since": None,
    "last_succeeded": True,
    "degraded": False,
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "working"),
        ({"last_succeeded": None}, "untested"),
        ({"last_succeeded": False}, "failing"),
        ({"failing_since": THEN}, "failing"),
        ({"degraded": True}, "degraded"),
        ({"degraded": True, "last_succeeded": False}, "failing"),
        ({"degraded": True, "last_succeeded": None}, "degraded"),
        ({"is_paused": True, "failing_since": THEN, "degraded": True}, "paused"),
        ({"enabled": False, "is_paused": True, "failing_since": THEN}, "disabled"),
    ],
)
def test_the_first_rule_that_holds_says_it(facts: dict[str, Any], expected: str) -> None:
    assert state(**(WORKS | facts)) == expected


@pytest.mark.parametrize(
    ("attempts", "first", "delivered", "expected"),
    [
        (20, 20, 18, True),
        (20, 20, 19, False),  # 95 % is enough
        (19, 19, 0, False),  # too few to say
        (20, 19, 18, True),  # 94.7 %; a retry counts as an attempt
        (1_000_000, 1_000_000, 949_999, True),
        (1_000_000, 1_000_000, 950_000, False),
        (500, 0, 0, False),  # first attempts were not counted yet
        (0, 0, 0, False),
    ],
)
def test_degraded_at_its_borders(attempts: int, first: int, delivered: int, expected: bool) -> None:
    assert is_degraded(attempts, first, delivered) is expected


def test_silent_is_what_works_and_had_no_event_within_the_day() -> None:
    facts: dict[str, Any] = {"attempted": False, "last_event": None, "day_began": THEN}
    assert [name for name in RANKED if is_silent(name, **facts)] == ["working"]
    assert not is_silent("working", **facts | {"attempted": True})
    assert not is_silent("working", **facts | {"last_event": THEN})
    assert is_silent("working", **facts | {"last_event": THEN - timedelta(milliseconds=1)})


def test_every_state_is_in_one_group_and_groups_follow_the_rank() -> None:
    assert [one for states in GROUPS.values() for one in states] == list(RANKED)
    assert {group_of(one) for one in RANKED} == set(GROUPS)
    for facts in product((True, False), (True, False), (None, THEN), (None, True, False)):
        names = ("enabled", "is_paused", "failing_since", "last_succeeded")
        assert state(**(WORKS | dict(zip(names, facts, strict=True)))) in RANKED
