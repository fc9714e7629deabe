"""How far ahead a worker claims."""

from tests.support.clock import Clock
from webhooks_ui.delivery.worker.prefetch import (
    MAX_BYTES,
    MAX_PER_THREAD,
    MEASURED_OVER,
    PREFETCH,
    Pace,
)


def paced(sent_per_second: float, concurrency: int = 64) -> Pace:
    """The pace of a worker that has sent so many."""
    clock = Clock()
    pace = Pace(concurrency, clock)
    for _ in range(10):
        clock.now += MEASURED_OVER
        pace.record_sent(round(sent_per_second * MEASURED_OVER))
    return pace


def test_a_worker_that_has_sent_nothing_claims_one_for_each_thread() -> None:
    assert Pace(64).room(0) == 64
    assert Pace(64).room(64) == 0


def test_slow_receivers_are_not_claimed_ahead() -> None:
    pace = paced(sent_per_second=10)
    assert (pace.room(0), pace.low_water) == (64, 0)


def test_the_more_was_sent_the_more_waits() -> None:
    pace = paced(sent_per_second=1000)
    waits = int(1000 * PREFETCH)
    assert (pace.room(64), pace.low_water) == (waits, waits // 2)


def test_what_waits_is_bounded_by_the_lease() -> None:
    assert paced(sent_per_second=1e6).room(64) == MAX_PER_THREAD * 64


def test_there_is_never_less_than_no_room() -> None:
    pace = paced(sent_per_second=1e6)
    assert pace.room(1_000) == 0


def test_large_events_are_claimed_fewer_at_once() -> None:
    pace = Pace(64)
    pace.record_sizes([1_000, MAX_BYTES // 10])
    assert pace.room(0) == 10
    pace.record_sizes([2 * MAX_BYTES])
    assert pace.room(0) == 1
    pace.record_sizes([])
    assert pace.room(0) == 1
    pace.record_sizes([1_000])
    assert pace.room(0) == 64


def test_when_less_is_sent_less_is_claimed_ahead() -> None:
    clock = Clock()
    pace = Pace(8, clock)
    clock.now = 1
    pace.record_sent(10_000)
    assert pace.room(8) == MAX_PER_THREAD * 8
    clock.now = 2
    pace.record_sent(0)
    assert pace.room(8) == 0
