"""A socket whose operations share one deadline, with a buffer to read lines and pieces from."""

import select
import socket
import ssl
import time

from webhooks_ui.delivery.http.errors import AttemptError, exchange_error

RECEIVE_SIZE = 65536
# Seconds by which an operation may outlast the deadline, to save a system call on most of them.
_SLACK = 0.02


class ClosedError(Exception):
    """The receiver closed or broke the connection in the middle of its response."""


class BudgetError(Exception):
    """The receiver sent more bytes than may be received."""


class Stream:
    """A connected socket with a read buffer.

    `begin` starts an attempt; `received` says whether its response has begun, `first_byte_at` when
    (time.monotonic). No more is received than the budget, give or take `RECEIVE_SIZE` bytes.
    """

    __slots__ = (
        "_at",
        "_budget",
        "_buffer",
        "_deadline",
        "_poll",
        "_socket",
        "_timeout",
        "first_byte_at",
        "received",
    )

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = b""
        self._at = 0
        self._timeout = float("inf")
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self.begin(0.0)

    def begin(self, deadline: float) -> None:
        """Starts an attempt that ends at `deadline`, in seconds of time.monotonic."""
        self._deadline = deadline
        self._budget = 0
        self.received = False
        self.first_byte_at = 0.0

    def set_budget(self, size: int) -> None:
        """Allows `size` more bytes to be received."""
        self._budget = size

    def is_idle(self) -> bool:
        """Whether nothing has arrived, not even the end, so that the next response is ours."""
        return not self.has_unread() and not self._poll.poll(0)

    def has_unread(self) -> bool:
        """Whether bytes have been received that nobody has read."""
        if self._at < len(self._buffer):
            return True
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def close(self) -> None:
        self._socket.close()

    def pause(self, seconds: float) -> None:
        """Slows down a receiver that floods us."""
        time.sleep(min(seconds, self._left()))

    def send(self, data: bytes) -> None:
        """Sends everything. Raises OSError on a broken connection, AttemptError at the deadline."""
        view = memoryview(data)
        while view:
            self._set_timeout()
            try:
                view = view[self._socket.send(view) :]
            except TimeoutError:
                self._timeout = float("inf")

    def read_line(self, limit: int) -> bytes:
        """The next line without its end; a longer one is cut off at `limit` + 1 bytes.

        Raises ClosedError, BudgetError, AttemptError.
        """
        line = b""
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            line = (line + self._buffer[self._at :])[: limit + 1]
            self._at = len(self._buffer)
            if not self._fill():
                raise ClosedError
        line += self._buffer[self._at : min(end, self._at + limit + 1)]
        self._at = end + 1
        return line[: limit + 1].removesuffix(b"\r")

    def begins_with(self, prefix: bytes) -> bool:
        """Whether the next bytes are `prefix`; reads no further than it takes to tell.

        Raises ClosedError, BudgetError, AttemptError.
        """
        while True:
            start = self._buffer[self._at : self._at + len(prefix)]
            if start == prefix or not prefix.startswith(start):
                return start == prefix
            if not self._fill():
                raise ClosedError

    def read(self, limit: int) -> bytes:
        """At least one and at most `limit` bytes; none at the end.

        Raises BudgetError, AttemptError.
        """
        if self._at == len(self._buffer) and not self._fill():
            return b""
        piece = self._buffer[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def _fill(self) -> bool:
        """Receives once; false at the end. A connection that breaks in a response ends it."""
        if self._budget <= 0:
            raise BudgetError
        try:
            data = self._receive()
        except OSError as error:
            if not self.received:
                raise exchange_error(error) from error
            data = b""
        if not data:
            return False
        if not self.received:
            self.received = True
            self.first_byte_at = time.monotonic()
        self._budget -= len(data)
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return True

    def _receive(self) -> bytes:
        while True:
            self._set_timeout()
            try:
                return self._socket.recv(RECEIVE_SIZE)
            except TimeoutError:
                self._timeout = float("inf")

    def _set_timeout(self) -> None:
        """Sets the socket's time-out to the time that is left, unless it is shorter already.

        A shorter one means only to wake up too early, and to try again.
        """
        left = self._left()
        if self._timeout > left + _SLACK:
            self._socket.settimeout(left)
            self._timeout = left

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise AttemptError("timeout", "no complete answer in time")
        return left
