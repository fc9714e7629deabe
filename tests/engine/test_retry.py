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
    long_ago = NOW - timedelta(days=5)
    assert after(failing_since=long_ago, attempts_made=3).disable == "failing"
    assert after(failing_since=long_ago + SECOND, attempts_made=3).disable is None


def test_a_jump_of_the_clock_alone_disables_nothing() -> None:
    assert after(failing_since=NOW - timedelta(days=10), attempts_made=2).disable is None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("60", 60),
        (" 60 ", 60),
        ("3", 3),
        ("299.997", 299.997),
        ("1.", 1),
        (".5", 5),
        ("Wed, 21 Jan 2026 12:02:00 GMT", 120),
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
@pytest.mark.parametrize("status_code", [429, 503, 413, 502, 504, 529, 500])
def test_retry_after_is_honoured_within_the_longest_wait(
    status_code: int, text: str | None, wait: float
) -> None:
    assert after(status_code=status_code, retry_after=text).due_at == NOW + wait * SECOND


@pytest.mark.parametrize("text", ["0", "0.0", "Wed, 21 Jan 2026 11:00:00 GMT"])
def test_a_wait_that_is_over_is_a_second_for_429_and_the_schedule_for_the_rest(text: str) -> None:
    assert after(status_code=503, retry_after=text).due_at == NOW + 5 * SECOND
    assert after(status_code=429, retry_after=text).hold_until == NOW + SECOND


@pytest.mark.parametrize("facts", [{"status_code": 301}, {"status_code": None, "error": "timeout"}])
def test_retry_after_of_what_is_no_4xx_or_5xx_is_nothing(facts: dict[str, Any]) -> None:
    decision = after(retry_after="60", **facts)

    assert (decision.due_at, decision.hold_until) == (NOW + 5 * SECOND, None)


def test_what_the_receiver_puts_off_does_not_move_on_in_the_schedule() -> None:
    put_off = after(status_code=429, retry_after="60", attempts_made=3, refusals=2)
    assert put_off == Decision("pending", NOW + 60 * SECOND, hold_until=NOW + 60 * SECOND)

    assert after(attempts_made=4, refusals=3).due_at == NOW + 5 * SECOND
    assert after(attempts_made=9, refusals=5).status == "failed"


def test_what_is_put_off_again_and_again_is_given_up_by_its_age() -> None:
    facts: dict[str, Any] = {"status_code": 429, "retry_after": "60", "attempts_made": 99}

    assert after(**facts, refusals=98, age=2000 * SECOND).status == "pending"
    assert after(**facts, refusals=98, age=2105 * SECOND).status == "failed"
    assert after(**facts, refusals=1, age=2105 * SECOND).status == "pending"  # a jump of the clock


def test_a_wait_that_was_asked_for_has_little_jitter() -> None:
    decision = after(status_code=429, retry_after="60", chance=lambda: 1.0)

    assert decision.hold_until == decision.due_at == NOW + 63 * SECOND


@given(st.text(max_size=40), st.integers(1, 9), st.floats(0, 1))
def test_no_header_leads_out_of_the_schedule(text: str, made: int, chance: float) -> None:
    decision = after(status_code=429, retry_after=text, attempts_made=made, chance=lambda: chance)

    assert (decision.hold_until is None) == (decision.due_at is None)
    if decision.due_at:
        assert NOW < decision.due_at <= NOW + longest(POLICY.schedule)
