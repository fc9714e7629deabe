"""Notices when other load slows the machine, by timing a loop that only uses the processor.

Machines are shared: for seconds at a time the same work takes twice as long. What was measured in
such a moment tells of the others, and is measured again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

STEPS = 8_000  # of the loop: about half a millisecond
TOLERATED = 1.2  # times the best
TRIES = 20
Result = TypeVar("Result")


@dataclass(slots=True)
class Machine:
    """Keeps the best time of the loop, and counts how often it took longer."""

    best: float = field(default_factory=lambda: min(_loop() for _ in range(400)))
    measured: int = 0
    disturbed: int = 0

    def calmly(self, measure: Callable[[], Result]) -> Result:
        """Repeats a measurement until the loop takes its usual time before and after it."""
        for _ in range(TRIES):
            before, result, after = self._is_calm(), measure(), self._is_calm()
            self.measured += 1
            if before and after:
                break
            self.disturbed += 1
        return result

    def _is_calm(self) -> bool:
        return _loop() <= self.best * TOLERATED


def _loop() -> float:
    start = time.perf_counter()
    total = 0
    for number in range(STEPS):
        total += number * number % 7
    return time.perf_counter() - start
