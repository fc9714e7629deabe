"""Keeps one worker process running beside the console: starts, restarts and ends it.

Workers are forked by a process that was forked from the console (`fork_server`), where everything
is imported already: that takes no time, and all share the memory. Where that cannot be, a worker is
a program that is started again.

The console keeps one end of a socket pair, the worker the other: when the console is gone, however
it went, the worker ends. A worker is told the number of the one before it, which is dead for
certain: what that had under way is due again at once.
"""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from typing import NamedTuple

from webhooks_ui.delivery.queue import holders
from webhooks_ui.server.fork_server import Child, ForkedProcess, ForkServer

CALM = 60.0  # seconds after which a worker that died is started again at once
FIRST_WAIT = 1.0  # seconds, before the second start again
LONGEST_WAIT = 30.0  # seconds
MARGIN = 5.0  # seconds beyond the longest attempt in which a worker ends

Process = Child | subprocess.Popen[bytes]
log = logging.getLogger(__name__)


class Forked(NamedTuple):
    """What a forked worker is told: its end of the socket pair, and the numbers of holders."""

    parent: socket.socket
    number: int
    before: int


class Supervisor:
    """Starts a worker with `start` and ends it with `close`. `environ` is the worker's."""

    def __init__(self, environ: Mapping[str, str], timeout: float) -> None:
        self._environ, self._timeout = dict(environ), timeout
        self._stopping = Event()
        self._number = holders.NOBODY
        self._process: Process | None = None
        self._fork_server: ForkServer | None = None
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def fork(self, prepare: Callable[[], None]) -> Forked | None:
        """None in the console; returns in each worker with what that is told.

        Call it while this process has one thread, and no connection to the database. `prepare` is
        called once, in the process that workers are forked from.
        """
        made = ForkServer.start(prepare)
        if isinstance(made, ForkedProcess):
            number, before = map(int, made.order.split())
            return Forked(made.parent, number, before)
        self._fork_server = made
        return None

    def start(self) -> None:
        """Starts the worker, and watches it from a thread."""
        self._thread.start()

    def close(self) -> None:
        """Asks the worker to end, and waits until it has finished what is under way."""
        self._stopping.set()
        if self._process:
            self._process.terminate()
        self._thread.join(self._timeout + MARGIN)
        if self._process and self._process.poll() is None:
            log.error("The worker did not end in time and is killed")
            self._process.kill()
        if self._fork_server:
            self._fork_server.close()

    def _watch(self) -> None:
        wait = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            status = self._run()
            if self._stopping.is_set():
                return
            wait = wait if time.monotonic() - started <= CALM else 0.0
            log.error("The worker ended with status %s; it is started again in %s s", status, wait)
            self._stopping.wait(wait)
            wait = min(wait * 2 or FIRST_WAIT, LONGEST_WAIT)

    def _run(self) -> int:
        """The exit status of a new worker."""
        before, self._number = self._number, holders.new_number()
        numbers = f"{self._number}", f"{before}"
        if self._fork_server and (child := self._fork_server.fork(" ".join(numbers))):
            return self._ended(child)
        process, own = self._start_again(numbers)
        with own:
            return self._ended(process)

    def _ended(self, process: Process) -> int:
        self._process = process
        if self._stopping.is_set():  # asked to end while it was being started
            process.terminate()
        return process.wait()

    def _start_again(
        self, numbers: tuple[str, str]
    ) -> tuple[subprocess.Popen[bytes], socket.socket]:
        command = [sys.executable, "-m", "webhooks_ui", "worker", "--with-parent", *numbers]
        end, own = socket.socketpair()
        with end:
            process = subprocess.Popen(command, stdin=end.fileno(), env=self._environ)  # noqa: S603  # our own program
        return process, own
