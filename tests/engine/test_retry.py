"""When to try again: the schedule, Retry-After, giving up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.delivery.retry import Decision, Policy, decide, longest

NOW = datetime(2026, 1, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = Policy((5 * SECOND, 300 * SECOND, 1800 * SECOND), timedelta(days=5))


def after(**changes: Any) -> Decision:
    facts: dict[str, Any] = {
        "error": "http_status",
        "status_code": 500,
        "retry_after": None,
        "attempts_made": 1,
        "failing_since": None,
        "moment": NOW,
        "chance": lambda: 0.0,
    }
    return decide(POLICY, **facts | changes)


def test_success_is_the_end() -> None:
    assert after(error=None, status_code=204) == Decision("succeeded")


@pytest.mark.parametrize(("made", "wait"), [(1, 5), (2, 300), (3, 1800)])
def test_each_failure_waits_by_the_schedule(made: int, wait: int) -> None:
    assert after(attempts_made=made) == Decision("pending", NOW + wait * SECOND)


def test_when_the_schedule_has_ended_it_has_failed() -> None:
    assert after(attempts_made=4) == Decision("failed")


def test_jitter_lengthens_by_a_fifth_at_most() -> None:
    assert after(chance=lambda: 1.0).due_at == NOW + 6 * SECOND


def test_410_disables_at_once() -> None:
    assert after(status_code=410) == Decision("failed", disable="gone")


def test_failing_for_too_long_disables() -> None:
    assert after(failing_since=NOW - timedelta(days=5)).disable == "failing"
    assert after(failing_since=NOW - timedelta(days=4)).disable is None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("60", 60),
        (" 60 ", 60),
        ("0", 5),
        ("3", 5),
        ("Wed, 21 Jan 2026 12:02:00 GMT", 120),
        ("Wed, 21 Jan 2026 11:00:00 GMT", 5),
        ("99999999999999999999", 1800),
        ("soon", 5),
        ("Wed, 21 Jan 99999999999 11:00:00 GMT", 5),
        ("Wed, 21 Jan 2026 12:02:00 +99999999999999", 5),
        ("-60", 5),
        ("6٠", 5),
        ("", 5),
        (None, 5),
    ],
)
@pytest.mark.parametrize("status_code", [429, 503])
def test_retry_after_is_honoured_within_the_longest_wait(
    status_code: int, text: str | None, wait: int
) -> None:
    assert after(status_code=status_code, retry_after=text).due_at == NOW + wait * SECOND


def test_retry_after_of_another_status_is_nothing() -> None:
    assert after(retry_after="60").due_at == NOW + 5 * SECOND


@given(st.text(max_size=40), st.integers(1, 9), st.floats(0, 1))
def test_no_header_leads_out_of_the_schedule(text: str, made: int, chance: float) -> None:
    decision = after(status_code=429, retry_after=text, attempts_made=made, chance=lambda: chance)

    assert (decision.due_at is None) == (made > len(POLICY.schedule))
    if decision.due_at:
        assert NOW + 5 * SECOND <= decision.due_at <= NOW + longest(POLICY.schedule)
