"""Keeps one worker process running beside the console: starts, restarts and ends it.

The first worker is forked from the console, where everything is imported already: that takes no
time, and both share the memory. One that died is followed by a program that is started anew, since
what it had in memory may be why.

The console keeps one end of a socket pair, the worker the other: when the console is gone, however
it went, the worker ends. A worker is told the number of the one before it, which is dead for
certain: what that had under way is due again at once.
"""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from threading import Event, Thread
from typing import NamedTuple

from webhooks_ui.delivery.queue import holders
from webhooks_ui.server.child import Child

CALM = 60.0  # seconds after which a worker that died is started again at once
FIRST_WAIT = 1.0  # seconds, before the second start anew
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
        self._forked: tuple[Process, socket.socket] | None = None
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def fork(self) -> Forked | None:
        """Forks the first worker, to be watched by `start`: what it is told; None in the console.

        Call it while this process has one thread, and no connection to the database.
        """
        before, self._number = self._number, holders.new_number()
        end, own = socket.socketpair()
        if pid := os.fork():
            end.close()
            self._process = Child(pid)
            self._forked = self._process, own
            return None
        own.close()
        return Forked(end, self._number, before)

    def start(self) -> None:
        """Starts the worker, unless it was forked, and watches it from a thread."""
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
        """The exit status of the worker that was forked, or else of a new one."""
        self._process, own = self._forked or self._start_anew()
        self._forked = None
        with own:
            if self._stopping.is_set():  # asked to end while it was being started
                self._process.terminate()
            return self._process.wait()

    def _start_anew(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        before, self._number = self._number, holders.new_number()
        command = [sys.executable, "-m", "webhooks_ui", "worker"]
        command += ["--with-parent", f"{self._number}", f"{before}"]
        end, own = socket.socketpair()
        with end:
            process = subprocess.Popen(command, stdin=end.fileno(), env=self._environ)  # noqa: S603  # our own program
        return process, own
