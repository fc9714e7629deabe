"""What a piece of work costs, so that a busy machine does not count as the work's own cost."""

from collections.abc import Callable
from time import thread_time
from typing import TypeVar

T = TypeVar("T")
TRIES = 5


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do `work` and return its answer; it takes less than `seconds` of this thread's processor.

    A try that takes longer is repeated: the machine may have been busy, or something was loaded
    for the first time. Raises AssertionError when no try was quick enough.
    """
    taken: list[float] = []
    for _ in range(TRIES):
        begun = thread_time()
        answer = work()
        taken.append(thread_time() - begun)
        if taken[-1] < seconds:
            return answer
    raise AssertionError(f"{min(taken):.2f} s of processor at best, {seconds:g} s at most: {taken}")
