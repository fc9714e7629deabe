"""The window of requests under way to one webhook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.delivery.worker.concurrency import INITIAL_WINDOW, ConcurrencyLimits


def test_it_starts_small_and_opens_with_success() -> None:
    limits = ConcurrencyLimits(8)

    sizes = []
    for _ in range(10):
        limits.begin(1)
        limits.end(1, None)
        sizes.append(limits.size(1))

    assert sizes == [3, 4, 5, 6, 7, 8, 8, 8, 8, 8]


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
def test_a_time_out_closes_it_to_one_and_an_answer_that_says_no_leaves_it(error: str) -> None:
    limits = ConcurrencyLimits(8)
    for _ in range(4):
        limits.begin(1)
        limits.end(1, None)
    limits.begin(1)
    limits.end(1, "http_status")
    assert limits.size(1) == INITIAL_WINDOW + 4

    limits.begin(1)
    limits.end(1, error)

    assert limits.size(1) == 1


def test_what_is_under_way_is_not_free() -> None:
    limits = ConcurrencyLimits(8)
    limits.begin(1)

    assert limits.free() == {1: INITIAL_WINDOW - 1}
    limits.begin(1)
    assert limits.free() == {1: 0}


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "timeout", "http_status"]))))
def test_it_stays_within_its_bounds_and_forgets(ends: list[tuple[int, str | None]]) -> None:
    limits = ConcurrencyLimits(4)

    for webhook, error in ends:
        limits.begin(webhook)
        assert all(0 <= free <= 4 for free in limits.free().values())
        limits.end(webhook, error)
        assert 1 <= limits.size(webhook) <= 4

    assert set(limits.free()) <= {1, 2, 3}
