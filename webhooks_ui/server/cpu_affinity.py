"""Pins a worker to one core (Linux).

Python runs one thread at a time, and on several cores its threads pass the lock from one core to
the next for every answer: on one core a delivery takes half the processor time. The system moves
other processes out of the way, but not a worker that is pinned to the same core: so each worker
takes a core to which the fewest processes are pinned.
"""

import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def pin() -> None:
    """Pins this process to one core from now on; does nothing where that cannot be done."""
    if not hasattr(os, "sched_getaffinity") or not (_PROC / "self/task").exists():
        return
    pinned = _pinned_processes()
    # Workers in containers do not see each other: then chance spreads them.
    core = min(os.sched_getaffinity(0), key=lambda core: (pinned[core], random.random()))  # noqa: S311  # no secret
    for task in (_PROC / "self/task").iterdir():  # threads to come inherit it
        with suppress(OSError):  # a thread that has ended, a system that forbids it
            os.sched_setaffinity(int(task.name), {core})


def _pinned_processes() -> Counter[int]:
    """How many processes are pinned to each core; the kernel's own are left out."""
    found = Counter[int]()
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            cores = os.sched_getaffinity(int(folder.name))
            if len(cores) == 1 and (folder / "cmdline").read_bytes():
                found.update(cores)
    return found
