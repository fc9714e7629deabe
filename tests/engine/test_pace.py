"""A receiver that takes n requests in t seconds gets them at its pace, from all workers together.

In virtual time: what is measured here depends on the engine alone.
"""

from collections.abc import Callable

import pytest

from tests.engine.conftest import send, subscribe
from tests.support.apps import MakeApp
from tests.support.rate_limited import Limit, fixed_window, token_bucket
from tests.support.virtual_workers import Reply, Respond, Simulation

COUNT = 60
LIMITED, OTHER = 1, 2
SOON, LATE = 0.02, 0.2  # seconds until the answer
UNDISTURBED = 0.2  # seconds, in which the other receiver gets all when it is alone


def behind(limit: Limit, answers_in: float) -> Respond:
    """A receiver with this limit, which answers after so many seconds."""

    def respond(at: float) -> Reply:
        if wait := limit(at):
            return Reply(answers_in, 429, "http_status", f"{wait + 0.001:.3f}")
        return Reply(answers_in)

    return respond


def healthy(_at: float) -> Reply:
    return Reply(SOON)


def simulated(make_engine: MakeApp, limited: Respond) -> Simulation:
    """Two workers send to a limited receiver and to another one, until both have all."""
    app = make_engine()
    subscribe(app, "http://127.0.0.1/limited")
    subscribe(app, "http://127.0.0.1/other")
    send(app, COUNT)
    simulation = Simulation(app, {LIMITED: limited, OTHER: healthy})
    simulation.run(600, lambda: sum(map(len, simulation.taken.values())) == 2 * COUNT)
    return simulation


PACES: dict[str, tuple[Callable[[], Limit], float, float]] = {
    # What is left after the burst, at the bucket's rate; the last of the windows.
    "2 a second": (lambda: token_bucket(2, 2), (COUNT - 3) / 2, SOON),
    "10 a second": (lambda: token_bucket(10, 5), (COUNT - 6) / 10, SOON),
    "20 a second": (lambda: token_bucket(20, 5), (COUNT - 6) / 20, SOON),
    "40 a second": (lambda: token_bucket(40, 10), (COUNT - 11) / 40, SOON),
    "5 in 2 seconds": (lambda: fixed_window(5, 2), (COUNT / 5 - 1) * 2, SOON),
    "20 a second, slow": (lambda: token_bucket(20, 5), (COUNT - 6) / 20, LATE),
    "40 a second, slow": (lambda: token_bucket(40, 5), (COUNT - 6) / 40, LATE),
}


@pytest.mark.parametrize(
    ("make_engine", "pace"),
    [*(("sqlite", pace) for pace in PACES), ("postgresql", "20 a second, slow")],
    indirect=["make_engine"],
)
def test_a_limited_receiver_gets_its_pace_with_few_refusals(
    make_engine: MakeApp, pace: str
) -> None:
    limit, best, answers_in = PACES[pace]
    simulation = simulated(make_engine, behind(limit(), answers_in))

    taken = simulation.taken[LIMITED]
    assert len(taken) == COUNT
    assert (taken[-1] - taken[0]) / best <= 1.5
    assert simulation.refused[LIMITED] <= 0.15 * COUNT
    assert simulation.taken[OTHER][-1] <= UNDISTURBED
