"""The log is bounded: each kind of line at a limited rate, what is left out is counted."""

import logging
import sys
from typing import Any

import pytest

from tests.support.clock import Clock
from webhooks_ui.monitoring import logs
from webhooks_ui.monitoring.log_rate import MAX_KINDS, REPORT_AFTER, BoundedHandler, LogRate


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rate(clock: Clock) -> LogRate:
    return LogRate(clock)


def record(
    message: str = "refused: %s", *arguments: object, level: int = logging.WARNING, **facts: Any
) -> logging.LogRecord:
    made = logging.LogRecord("webhooks_ui.x", level, "", 0, message, arguments, None)
    made.facts = facts
    return made


def lines(rate: LogRate, *records: logging.LogRecord) -> list[str]:
    return [line.getMessage() for one in records for line in rate.filter(one)]


def test_a_fault_that_repeats_is_written_at_a_limited_rate(rate: LogRate, clock: Clock) -> None:
    written = 0
    for _ in range(600):  # a minute
        clock.now += 0.1
        written += sum(len(rate.filter(record("refused: %s", clock.now))) for _ in range(100))
    assert 300 < written < 900  # of 60,000


def test_tracebacks_are_rarer(rate: LogRate) -> None:
    made = record("accept() failed")
    try:
        raise OSError(24, "Too many open files")
    except OSError:
        made.exc_info = sys.exc_info()
    assert sum(len(rate.filter(made)) for _ in range(1000)) == 20


def test_what_was_left_out_is_counted_before_the_next_line(rate: LogRate, clock: Clock) -> None:
    lines(rate, *(record("refused: %s", number) for number in range(105)))
    clock.now = 1
    assert lines(rate, record("refused: %s", 999)) == [
        "5 lines were left out, the last of them: refused: 104",
        "refused: 999",
    ]
    assert lines(rate, record("refused: %s", 1000)) == ["refused: 1000"]


def test_what_was_left_out_is_counted_by_another_line_too(rate: LogRate, clock: Clock) -> None:
    lines(rate, *(record() for _ in range(101)))
    assert lines(rate, record("another")) == ["another"]
    clock.now = REPORT_AFTER + 1
    assert lines(rate, record("another"))[0].startswith("1 lines were left out")
    assert rate.close() == []


def test_what_was_left_out_to_the_end_is_counted_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = BoundedHandler()
    for number in range(1100):
        handler.handle(record("one %s", number, level=logging.INFO))
    handler.close()
    written = capsys.readouterr().err.splitlines()
    assert 1000 < len(written) < 1100
    assert written[-1].endswith("lines were left out, the last of them: one 1099")


def test_a_flood_hides_neither_others_nor_other_kinds(rate: LogRate) -> None:
    for _ in range(5000):
        rate.filter(record("request", level=logging.INFO, who="-", status=404))
    for other in (
        record("request", level=logging.INFO, who="user:1", status=404),
        record("request", level=logging.INFO, who="-", status=200),
        record("request", level=logging.ERROR, who="-", status=404),
        record("another", level=logging.INFO),
    ):
        assert len(rate.filter(other)) == 1


def test_messages_that_differ_at_their_end_alone_are_of_one_kind(rate: LogRate) -> None:
    """Of waitress, for example, which puts them together itself."""
    same = "uncaptured python exception, closing channel <… at {}>"
    assert sum(len(rate.filter(record(same.format(n)))) for n in range(500)) == 100


def test_kinds_without_end_take_no_memory_without_end(rate: LogRate) -> None:
    for number in range(5000):
        rate.filter(record(f"{number} kinds"))
    assert len(rate._kinds) <= 1001


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_program_s_log_is_bounded(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.set_up(form)
        for number in range(3000):
            logging.getLogger("waitress").warning("accept() failed: %s", number)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert len(capsys.readouterr().err.splitlines()) < 200


def test_a_kind_that_is_forgotten_while_it_loses_lines_is_reported_once(
    rate: LogRate, clock: Clock
) -> None:
    lines(rate, *(record("flood") for _ in range(101)))
    others = lines(rate, *(record(f"kind {number}") for number in range(MAX_KINDS)))
    assert sum("1 lines were left out" in line for line in others) == 1
    clock.now = REPORT_AFTER + 1
    assert lines(rate, record("flood")) == ["flood"]
    assert rate.close() == []
