"""A process that this one has forked, with the methods of `subprocess.Popen`."""

import os
import signal
from threading import Lock


class Child:
    """Signals reach it only until it has been waited for: its id may be another process' then."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._status: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        """The exit status, minus the signal's number if one has ended it; None while it runs."""
        return self._status

    def wait(self) -> int:
        """The exit status, once it has ended; one thread calls it."""
        os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._status = status
        return status

    def terminate(self) -> None:
        """Asks it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        with self._lock:
            if self._status is None:
                os.kill(self._pid, number)
