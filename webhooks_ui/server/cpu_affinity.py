"""Keeps a worker on one core (Linux).

Python runs one thread at a time, and on several cores its threads pass the lock from one core to
the next for every answer: on one core a delivery takes half the processor time. The system moves
everybody else to other cores; not so another worker that is kept on the same one. So each looks
now and then what others do there, and moves to a core that has less to do.
"""

import os
import random
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

LOOK_EVERY = 2.0  # seconds
BUSY = 0.3  # of a core's time: what others may take there, and what moving has to gain

_TASKS = Path("/proc/self/task")
_STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Sample:
    """What was used up to a moment (time.monotonic): by each core, by this process; in seconds."""

    at: float
    cores: Mapping[int, float]
    own: float


def busy_seconds(stat: str, ticks: int) -> dict[int, float]:
    """How long each core has been busy, from the text of ``/proc/stat`` (proc_stat(5))."""
    found = {}
    for line in stat.splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            spent = [int(field) for field in fields[:8]]
            found[int(name[3:])] = (sum(spent) - spent[3] - spent[4]) / ticks  # idle, iowait
    return found


def choose(
    core: int,
    allowed: Collection[int],
    before: Sample,
    after: Sample,
    chance: Callable[[], float] = random.random,
) -> int:
    """The core to be on from now on; mostly the same.

    Of two workers on one core both see the other there: chance decides who moves first.
    """
    seconds = max(after.at - before.at, 0.001)
    loads = {c: (after.cores[c] - before.cores.get(c, 0.0)) / seconds for c in after.cores}
    others = loads.get(core, 0.0) - (after.own - before.own) / seconds
    free = min((c for c in allowed if c != core), key=lambda c: loads.get(c, 1.0), default=core)
    if others < BUSY or others - loads.get(free, 1.0) < BUSY or chance() < 0.5:
        return core
    return free


def keep() -> None:
    """Keeps this process on one core from now on; does nothing where that cannot be done."""
    if not hasattr(os, "sched_getaffinity") or not _STAT.exists() or not _TASKS.exists():
        return
    allowed = os.sched_getaffinity(0)
    if len(allowed) > 1:
        Thread(target=_stay, args=(allowed,), name="one-core", daemon=True).start()


def _stay(allowed: Collection[int]) -> None:
    core = random.choice([*allowed])  # noqa: S311  # no secret
    with suppress(OSError):  # a core that is gone, a system that forbids it
        _move(core)
        before = _sample()
        while True:
            time.sleep(LOOK_EVERY)
            after = _sample()
            new = choose(core, allowed, before, after)
            if new != core:
                _move(new)
            core, before = new, after


def _move(core: int) -> None:
    """Moves every thread; those to come are where the thread is that starts them."""
    for task in _TASKS.iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {core})


def _sample() -> Sample:
    cores = busy_seconds(_STAT.read_text(), os.sysconf("SC_CLK_TCK"))
    return Sample(time.monotonic(), cores, time.process_time())
