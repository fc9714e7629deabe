"""Keeps one worker process running beside the console: starts, restarts and ends it.

The worker's standard input is one end of a socket pair: when the console is gone, however it went,
the pair is closed and the worker ends. A worker is told the number of the one before it, which is
dead for certain: what that had under way is due again at once.
"""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from threading import Event, Thread

from webhooks_ui.delivery.queue import holders

CALM = 60.0  # seconds after which a worker that died is started again at once
FIRST_WAIT = 1.0  # seconds, before the second start anew
LONGEST_WAIT = 30.0  # seconds
MARGIN = 5.0  # seconds beyond the longest attempt in which a worker ends

log = logging.getLogger(__name__)


class Supervisor:
    """Starts a worker with `start` and ends it with `close`. `environ` is the worker's."""

    def __init__(self, environ: Mapping[str, str], timeout: float) -> None:
        self._environ, self._timeout = dict(environ), timeout
        self._stopping = Event()
        self._number = holders.NOBODY
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Starts the worker and watches it from a thread."""
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
        before, self._number = self._number, holders.new_number()
        command = [sys.executable, "-m", "webhooks_ui", "worker"]
        command += ["--with-parent", f"{self._number}", f"{before}"]
        end, own = socket.socketpair()
        with own:
            with end:
                self._process = subprocess.Popen(command, stdin=end.fileno(), env=self._environ)  # noqa: S603  # our own program
            if self._stopping.is_set():  # asked to end while it was being started
                self._process.terminate()
            return self._process.wait()
