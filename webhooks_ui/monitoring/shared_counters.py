"""Counters that the processes of one machine share, by prometheus-client's multiprocess mode.

Each process takes a slot and locks it for as long as it lives; the slot's number names its files.
A process id would not do: containers that share a folder may have the same ones. Whoever takes a
slot after its process has ended continues its counters, so that counts outlive processes and the
folder never has more files than there were processes at a time.
"""

import fcntl
import itertools
import json
import logging
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric

_COUNTS = ("counter", "histogram")
_GAUGE = "gauge_livesum"
_FILE_BYTES = 1 << 16  # far more than our metrics take, so that no file ever grows

_slots: list[IO[bytes]] = []  # kept open: closing one would release its lock

log = logging.getLogger(__name__)


def take_slot(folder: Path) -> int:
    """Locks the first free slot and prepares its files; raises OSError, as on a full disk."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    slot = next(number for number in itertools.count() if _lock(folder / f"{number}.alive"))
    for kind in (*_COUNTS, _GAUGE):
        file = folder / f"{kind}_{slot}.db"
        if kind == _GAUGE or not file.exists() or not _is_readable(file):
            # Written in full: a memory map of a sparse file ends in SIGBUS when the disk is full.
            file.write_bytes(bytes(_FILE_BYTES))
    return slot


def read(folder: Path) -> "Iterable[Metric]":
    """The counts of all processes, and the gauges of those that are alive."""
    from prometheus_client.multiprocess import MultiProcessCollector

    files = [
        str(file)
        for file in sorted(folder.glob("*.db"))
        if (_is_alive(file) or not file.name.startswith(_GAUGE)) and _is_readable(file)
    ]
    found: Iterable[Metric] = MultiProcessCollector.merge(files)
    return found


def _lock(path: Path) -> bool:
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _slots.append(file)
    return True


def _is_alive(file: Path) -> bool:
    """Whether the process that writes this file still holds its slot."""
    try:
        with (file.parent / f"{file.stem.rpartition('_')[2]}.alive").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _is_readable(file: Path) -> bool:
    """False for what a power cut has spoiled."""
    from prometheus_client.mmap_dict import MmapedDict

    try:
        for key, *_ in MmapedDict.read_all_values_from_file(str(file)):
            json.loads(key)
    except (ValueError, RuntimeError, struct.error, OSError) as error:
        log.warning("The metrics in %s cannot be read and start at 0: %s", file.name, error)
        return False
    return True
