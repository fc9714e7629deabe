"""What `serve` and `worker` do at their start."""

import re
import subprocess
import sys

import pytest

THREADS = 16
TAKEN = """
import ctypes, sys, threading
from webhooks_ui.server import process
if "shared" in sys.argv:
    process.share_arenas()
all_have = threading.Barrier(int(sys.argv[1]))
def take():
    block = bytes(50_000)  # too large for Python's own allocator, too small for a mapping
    all_have.wait()
threads = [threading.Thread(target=take) for _ in range(int(sys.argv[1]))]
[one.start() for one in threads]; [one.join() for one in threads]
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout")); libc.fflush(None)
"""


def arenas(*words: str) -> int:
    command = [sys.executable, "-c", TAKEN, str(THREADS), *words]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return len(re.findall("<heap nr=", told))


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_threads_share_two_arenas() -> None:
    if arenas() <= 2:
        pytest.skip("the system's C library has no more by itself")
    assert arenas("shared") == 2
