"""The window of requests under way to one webhook."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.delivery.worker.concurrency import INITIAL_WINDOW, ConcurrencyLimits


def free(limits: ConcurrencyLimits) -> dict[int, int]:
    known = limits.demand(64, timedelta(seconds=45)).known
    return {webhook: told.slots for webhook in range(100) if (told := known(webhook))}


def test_it_starts_small_and_opens_with_success() -> None:
    limits = ConcurrencyLimits(6)

    sizes = []
    for _ in range(16):
        limits.begin(1)
        limits.end(1, None)
        sizes.append(limits.size(1))

    assert sizes == [2, 2, 3, 3, 3, *[4] * 5, *[5] * 5, 6]


@pytest.mark.parametrize(
    "error",
    [
        "timeout",
        "dns_failure",
        "connection_timeout",
        "connection_refused",
        "connection_reset",
        "unreachable",
        "tls_failure",
    ],
)
def test_a_time_out_shrinks_it_to_one_and_an_error_status_leaves_it(error: str) -> None:
    limits = ConcurrencyLimits(8)
    for _ in range(4):
        limits.begin(1)
        limits.end(1, None)
    limits.begin(1)
    limits.end(1, "http_status")
    assert limits.size(1) == INITIAL_WINDOW + 1

    limits.begin(1)
    limits.end(1, error)

    assert limits.size(1) == 1


def test_attempts_under_way_take_slots() -> None:
    limits = ConcurrencyLimits(8)
    limits.begin(1)

    assert free(limits) == {1: INITIAL_WINDOW - 1}
    limits.begin(1)
    assert free(limits) == {1: 0}


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "timeout", "http_status"]))))
def test_it_stays_within_its_bounds_and_forgets(ends: list[tuple[int, str | None]]) -> None:
    limits = ConcurrencyLimits(4)

    for webhook, error in ends:
        limits.begin(webhook)
        assert all(0 <= slots <= 4 for slots in free(limits).values())
        limits.end(webhook, error)
        assert 1 <= limits.size(webhook) <= 4

    assert set(free(limits)) <= {1, 2, 3}


@pytest.mark.parametrize("status_code", [429, 502, 503, 504])
def test_an_overloaded_receiver_gets_one_at_a_time(status_code: int) -> None:
    limits = ConcurrencyLimits(8)
    for _ in range(4):
        limits.begin(1)
        limits.end(1, None)
    limits.begin(1)
    limits.end(1, "http_status", status_code)

    assert limits.size(1) == 1


def test_half_of_the_slots_is_kept_for_receivers_that_answer() -> None:
    moment = 0.0
    limits = ConcurrencyLimits(8, 16, clock=lambda: moment)

    def unproven() -> int:
        return limits.demand(16, timedelta(seconds=45)).unproven

    assert unproven() == 8
    for webhook in range(3):
        limits.begin(webhook, answers=webhook == 0)
    assert unproven() == 6

    moment = 3.0  # what is in flight to 0 hangs
    assert unproven() == 5
    limits.end(0, None)
    limits.end(1, None)
    assert unproven() == 7


def test_the_order_in_which_webhooks_were_served_is_told() -> None:
    limits = ConcurrencyLimits(8)
    for webhook in (3, 1, 2, 3):
        limits.begin(webhook)

    told = [limits.told(webhook) for webhook in (1, 2, 3)]
    assert [one.served for one in told if one] == [2, 3, 4]
