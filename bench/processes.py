"""Processor time and memory of other processes, as Linux tells them in /proc."""

import os
from contextlib import suppress
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds of processor that a process has used, without its children."""
    return sum(_times(pid)[:2])


def cpu_of_tree(pid: int | None) -> float:
    """Seconds of processor that a process and its children have used, also those that ended."""
    if pid is None:
        return 0.0
    return sum(_times(pid)) + sum(cpu_of(child) for child in _children(pid))


def cpu_of_threads(pid: int) -> dict[int, float]:
    """The same for each of its threads, by their ids."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found[int(task.name)] = sum(_times(pid, task.name)[:2])
    return found


def worker_of(pid: int) -> int:
    """The worker of a console, which is its only child or the only child of that one."""
    (child,) = _children(pid)
    return worker_of(child) if _children(child) else child


def parent_of(pid: int) -> int:
    """The process that has started it."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def proportional_memory(pid: int) -> int:
    """Bytes of memory, those shared with others in equal parts (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def memory_of_tree(pid: int) -> int:
    """The same of a process and those that it has started."""
    return proportional_memory(pid) + sum(memory_of_tree(child) for child in _children(pid))


def _times(pid: int, thread: str = "") -> list[float]:
    """User, system, and those of the children that ended, in seconds."""
    own = f"/task/{thread}" if thread else ""
    fields = Path(f"/proc/{pid}{own}/stat").read_text().rpartition(")")[2].split()
    return [int(ticks) / _TICK for ticks in fields[11:15]]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found
