"""The tests' files in memory: databases are flushed ten thousands of times, for nobody to keep."""

import os
import tempfile
from functools import partial
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # Linux; elsewhere the usual folder serves
ROOM = 4 << 30  # bytes; a run uses a tenth of it, and other programs need memory too


def in_memory(config: pytest.Config) -> None:
    """Makes temporary files of this process, and of those it starts, in memory if there is room.

    TMPDIR says otherwise.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    room = os.statvfs(MEMORY)
    if room.f_bavail * room.f_frsize < ROOM:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    config.add_cleanup(partial(os.environ.__delitem__, "TMPDIR"))
    config.add_cleanup(partial(setattr, tempfile, "tempdir", None))
