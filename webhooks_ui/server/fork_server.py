"""A fork server: it forks processes, one at a time, for one that has threads and so cannot.

In a fork of a process with threads, a lock that another thread held is held for ever. So one is
forked while there is one thread only; it keeps what was imported, and forks from that when asked.
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import NamedTuple, Self

_STOPS = (signal.SIGTERM, signal.SIGINT)
_MAX_BYTES = 64  # bytes of a message
_LOST = -signal.SIGKILL  # the status of one whose server was killed before it


class ForkedProcess(NamedTuple):
    """In a process that was forked: the order it is for, and what ends with the one that asked."""

    parent: socket.socket
    order: str


class Child:
    """A process that was forked, with the methods of `subprocess.Popen`.

    It stays a zombie until the next one is asked for: signals never reach another process.
    """

    def __init__(self, pid: int, server: socket.socket) -> None:
        self._pid, self._server = pid, server
        self._status: int | None = None
        self._lock = Lock()

    def poll(self) -> int | None:
        """The exit status, minus the signal's number if one has ended it; None while it runs."""
        return self._status

    def wait(self) -> int:
        """The exit status, once it has ended; one thread calls it."""
        told = self._server.recv(_MAX_BYTES)
        with self._lock:
            self._status = int(told or _LOST)
        return self._status

    def terminate(self) -> None:
        """Asks it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        with self._lock, suppress(ProcessLookupError):
            if self._status is None:
                os.kill(self._pid, number)


class ForkServer:
    """The end of the process that asks."""

    def __init__(self, own: socket.socket) -> None:
        self._own = own

    @classmethod
    def start(cls, prepare: Callable[[], None]) -> Self | ForkedProcess:
        """A server here, and `ForkedProcess` in each process that it forks later.

        `prepare` is called once in the process between, with the first order: what it takes is not
        taken from this process before. Call it while this one has one thread.
        """
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork():
            other.close()
            return cls(own)
        own.close()
        # It ends with the one that asks, not with the signals for a whole group of processes.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        other.recv(_MAX_BYTES, socket.MSG_PEEK)
        prepare()
        return ForkedProcess(other, _serve(other))

    def fork(self, order: str) -> Child | None:
        """A new process; None where the server is gone. The one before has to have ended."""
        try:
            self._own.send(order.encode())
            return Child(int(self._own.recv(_MAX_BYTES)), self._own)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Ends the server once its process has ended, which sees it by its `parent`."""
        self._own.close()


def _serve(asking: socket.socket) -> str:
    """The order, in each process that is forked; in this one it never returns."""
    with suppress(OSError):  # who asked is gone, or the system has no room for another process
        while order := asking.recv(_MAX_BYTES):
            pid = os.fork()
            if not pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
                return order.decode()
            asking.send(b"%d" % pid)
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            is_exit = ended is not None and ended.si_code == os.CLD_EXITED
            status = ended.si_status if ended else 0
            asking.send(b"%d" % (status if is_exit else -status))
            asking.recv(_MAX_BYTES, socket.MSG_PEEK)  # until then its number is no other's
            os.waitpid(pid, 0)
    os._exit(0)
