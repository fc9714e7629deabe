"""A folder in which the processes of one machine count together, for one scrape to read.

Each process writes files of its own, named by a random identity and not by its process id, which
two containers may share; it holds a lock as long as it lives, however it ends. Whoever joins folds
the counts of those that are gone into one pair of files, so that the folder does not grow.
"""

import fcntl
import json
import logging
import secrets
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric

PAST = "past"
_KEPT = ("counter", "histogram")  # what a process has counted stays when it is gone
_LIVE = "gauge_livesum"
_FILE_BYTES = 1 << 16  # far above what our metrics take, so that no file ever grows

log = logging.getLogger(__name__)


class MetricsFolder:
    """A folder of counts. `join` once in each process that counts; anyone may `read`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._alive: IO[bytes] | None = None

    def join(self) -> str:
        """A new identity for this process, with its files; raises OSError, as on a full disk."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked(fcntl.LOCK_EX):
            self._fold(list(self._gone()))
            identity = secrets.token_hex(8)
            for kind in (*_KEPT, _LIVE):
                # Written in full: a memory map into a file with holes dies of a full disk later.
                (self.path / f"{kind}_{identity}.db").write_bytes(bytes(_FILE_BYTES))
            self._alive = (self.path / f"{identity}.alive").open("wb")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
        return identity

    def leave(self) -> None:
        """Lets the others see that this process is gone; the end of the process does so too."""
        if self._alive:
            self._alive.close()
            self._alive = None

    def read(self) -> "Iterable[Metric]":
        """The counts of all processes, and the gauges of those that live."""
        from prometheus_client.multiprocess import MultiProcessCollector

        if not self.path.is_dir():
            return ()
        with self._locked(fcntl.LOCK_SH):
            gone = set(self._gone())
            files = [
                str(file)
                for file in sorted(self.path.glob("*.db"))
                if not (file.name.startswith(_LIVE) and _identity(file) in gone)
            ]
            found: Iterable[Metric] = MultiProcessCollector.merge(files)
            return found

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Folding and reading keep out of each other's way."""
        with (self.path / "lock").open("ab") as file:
            fcntl.flock(file, how)
            yield

    def _gone(self) -> Iterator[str]:
        """The identities whose process has ended."""
        for file in sorted(self.path.glob("*.alive")):
            with file.open("rb") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield file.stem

    def _fold(self, gone: list[str]) -> None:
        if not gone:
            return
        for kind in _KEPT:
            self._add_up(kind, [self.path / f"{kind}_{name}.db" for name in (PAST, *gone)])
        for name in gone:
            (self.path / f"{_LIVE}_{name}.db").unlink(missing_ok=True)
            (self.path / f"{name}.alive").unlink()

    def _add_up(self, kind: str, files: list[Path]) -> None:
        from prometheus_client.mmap_dict import MmapedDict

        sums: dict[str, float] = {}
        for file in files:
            for key, value in _values(file):
                sums[key] = sums.get(key, 0.0) + value
        new = self.path / f"{kind}.new"
        new.write_bytes(bytes(_FILE_BYTES))
        written = MmapedDict(str(new))
        for key, value in sums.items():
            written.write_value(key, value, 0.0)
        written.close()
        # Gone before they count twice: were we to end here, a counter would only begin anew.
        for file in files:
            file.unlink(missing_ok=True)
        new.replace(files[0])


def _identity(file: Path) -> str:
    return file.stem.rpartition("_")[2]


def _values(file: Path) -> list[tuple[str, float]]:
    """What a file has counted; nothing from one that a power cut has left unreadable."""
    from prometheus_client.mmap_dict import MmapedDict

    try:
        found = [(key, value) for key, value, *_ in MmapedDict.read_all_values_from_file(str(file))]
        for key, _value in found:
            json.loads(key)
    except FileNotFoundError:
        return []
    except (ValueError, RuntimeError, struct.error, OSError) as error:
        log.warning("The metrics in %s cannot be read and begin anew: %s", file.name, error)
        return []
    return found
