"""The window of requests under way to one webhook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks_ui.delivery.worker.concurrency import START, ConcurrencyLimits


def test_it_starts_small_and_opens_with_success() -> None:
    windows = ConcurrencyLimits(8)

    sizes = []
    for _ in range(10):
        windows.begin(1)
        windows.end(1, None)
        sizes.append(windows.size(1))

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
    windows = ConcurrencyLimits(8)
    for _ in range(4):
        windows.begin(1)
        windows.end(1, None)
    windows.begin(1)
    windows.end(1, "http_status")
    assert windows.size(1) == START + 4

    windows.begin(1)
    windows.end(1, error)

    assert windows.size(1) == 1


def test_what_is_under_way_is_not_free() -> None:
    windows = ConcurrencyLimits(8)
    windows.begin(1)

    assert windows.free() == {1: START - 1}
    windows.begin(1)
    assert windows.free() == {1: 0}


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "timeout", "http_status"]))))
def test_it_stays_within_its_bounds_and_forgets(ends: list[tuple[int, str | None]]) -> None:
    windows = ConcurrencyLimits(4)

    for webhook, error in ends:
        windows.begin(webhook)
        assert all(0 <= free <= 4 for free in windows.free().values())
        windows.end(webhook, error)
        assert 1 <= windows.size(webhook) <= 4

    assert set(windows.free()) <= {1, 2, 3}
