"""Wait for what another process or thread brings about, without guessing how long it takes."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.02  # s, at first: a tenth of what was waited so far, as each question costs
MAX_INTERVAL = 0.25
PATIENCE = 60.0  # s: a busy machine fails no test


def wait_until(probe: Callable[[], T], timeout: float = PATIENCE, what: str = "the condition") -> T:
    """Ask `probe` until its answer is true, and return it.

    Raises AssertionError naming `what` when that has not happened within `timeout` seconds.
    """
    begun = time.monotonic()
    while not (answer := probe()):
        waited = time.monotonic() - begun
        if waited > timeout:
            raise AssertionError(f"{what} did not come within {timeout:g} s")
        time.sleep(min(max(INTERVAL, waited / 10), MAX_INTERVAL))
    return answer


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def own_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 for one server after the other, which nobody is given meanwhile.

    Systems give out higher ones by themselves (Linux from 32,768 on). A UDP socket of the same
    number keeps other runs of these tests away.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as claim:
        for port in range(20_000, 32_000):
            with suppress(OSError):
                socket.create_server(("127.0.0.1", port)).close()
                claim.bind(("127.0.0.1", port))
                break
        else:
            raise AssertionError("no port is free")
        yield port
