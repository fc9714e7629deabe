"""The phases and the waits of attempts, as a delivery's page draws them."""

from datetime import UTC, datetime, timedelta

import pytest

from webhooks_ui.models import Attempt
from webhooks_ui.views.delivery_display import phases, steps

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def attempt(url: str = "https://crm.example/hook", size: int = 9, **timings: int | None) -> Attempt:
    total = timings.get("total") or 100
    return Attempt(
        started_at=NOON,
        duration_ms=total,
        timings_ms=timings,
        request_url=url,
        response_size=size,
    )


def drawn(one: Attempt) -> dict[str, int]:
    return {str(phase.label): phase.ms for phase in phases(one)}


def test_the_phases_fill_the_whole() -> None:
    one = attempt(dns=2, connect=8, tls=20, first_byte=60, total=100)
    assert drawn(one) == {"DNS": 2, "Connect": 8, "TLS": 20, "First byte": 60, "Body": 10}
    assert [phase.start for phase in phases(one)] == [0, 20, 100, 300, 900]


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (attempt(dns=2, connect=None, tls=None, first_byte=None), ["DNS"]),
        (attempt(dns=0, connect=None, tls=None, first_byte=90), ["DNS", "First byte", "Body"]),
        (
            attempt("http://127.0.0.1:9/", dns=0, connect=0, first_byte=90, size=0),
            ["Connect", "First byte"],
        ),
        (
            attempt("http://[::1]:9/", dns=0, connect=0, first_byte=90, size=0),
            ["Connect", "First byte"],
        ),
    ],
)
def test_a_step_that_did_not_happen_has_no_bar(one: Attempt, names: list[str]) -> None:
    assert [*drawn(one)] == names


def test_the_wait_is_from_the_end_of_one_attempt_to_the_start_of_the_next() -> None:
    first, second, third = (Attempt(number=n, duration_ms=1500) for n in (1, 2, 3))
    first.started_at = NOON
    second.started_at = NOON + timedelta(seconds=6.5)
    third.started_at = NOON + timedelta(seconds=7)  # while the second still ran: its lease was lost
    waits = [step.waited for step in steps([first, second, third])]
    assert waits == [None, timedelta(seconds=5), timedelta(0)]
