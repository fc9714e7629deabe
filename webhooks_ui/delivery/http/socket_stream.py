"""A socket whose every operation ends at the attempt's deadline, read in lines and pieces."""

import select
import socket
import ssl
import time

from webhooks_ui.delivery.http.errors import AttemptError, of_exchanging

RECEIVE = 65536
# A wake-up later than the deadline by this much, in seconds, is worth a system call less per read.
_SLACK = 0.02


class CutError(Exception):
    """The receiver closed or broke the connection in the middle of its answer."""


class ExhaustedError(Exception):
    """The receiver sent more than the reader was ready to take."""


class Stream:
    """A connected socket with a buffer.

    `begin` starts an attempt. `received` says whether its answer has begun, `first_byte_at` when
    (time.monotonic). Reading never takes in more than `allow` allowed last, give or take one
    receive of 64 KiB, and keeps no more than the caller asks for.
    """

    __slots__ = (
        "_allowed",
        "_at",
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
        self._allowed = 0
        self.received = False
        self.first_byte_at = 0.0

    def allow(self, size: int) -> None:
        """Lets `size` more bytes be received."""
        self._allowed = size

    def is_quiet(self) -> bool:
        """Whether nothing has arrived, not even the end: only then the next answer is ours."""
        return not self.has_rest() and not self._poll.poll(0)

    def has_rest(self) -> bool:
        """Whether bytes have been received that nobody has read."""
        if self._at < len(self._buffer):
            return True
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def close(self) -> None:
        self._socket.close()

    def pause(self, seconds: float) -> None:
        """Lets a receiver that floods us wait."""
        time.sleep(min(seconds, self._left()))

    def send(self, data: bytes) -> None:
        """Sends everything. Raises OSError when the connection breaks, AttemptError when late."""
        view = memoryview(data)
        while view:
            self._arm()
            try:
                view = view[self._socket.send(view) :]
            except TimeoutError:
                self._timeout = float("inf")

    def line(self, limit: int) -> bytes:
        """The next line without its end; a longer one is cut, and is then `limit` + 1 bytes long.

        Raises CutError, ExhaustedError, AttemptError.
        """
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            return self._long_line(limit)
        line = self._buffer[self._at : min(end, self._at + limit + 1)]
        self._at = end + 1
        return line.removesuffix(b"\r")

    def _long_line(self, limit: int) -> bytes:
        kept = b""
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            kept = (kept + self._buffer[self._at :])[: limit + 1]
            self._at = len(self._buffer)
            if not self._fill():
                raise CutError
        kept += self._buffer[self._at : end]
        self._at = end + 1
        return kept[: limit + 1].removesuffix(b"\r")

    def begins_with(self, prefix: bytes) -> bool:
        """Whether what comes next begins with `prefix`; false as soon as that cannot be any more.

        Raises CutError, ExhaustedError, AttemptError.
        """
        while True:
            start = self._buffer[self._at : self._at + len(prefix)]
            if start == prefix or not prefix.startswith(start):
                return start == prefix
            if not self._fill():
                raise CutError

    def piece(self, limit: int) -> bytes:
        """At least one and at most `limit` bytes; none at the end. Raises as `line` does."""
        if self._at == len(self._buffer) and not self._fill():
            return b""
        piece = self._buffer[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def _fill(self) -> bool:
        """Receives once; false at the end. A connection that breaks in an answer ends it."""
        if self._allowed <= 0:
            raise ExhaustedError
        try:
            data = self._receive()
        except OSError as error:
            if not self.received:
                raise of_exchanging(error) from error
            data = b""
        if not data:
            return False
        if not self.received:
            self.received = True
            self.first_byte_at = time.monotonic()
        self._allowed -= len(data)
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return True

    def _receive(self) -> bytes:
        while True:
            self._arm()
            try:
                return self._socket.recv(RECEIVE)
            except TimeoutError:
                self._timeout = float("inf")

    def _arm(self) -> None:
        """Sets the socket's time-out to the time that is left, if the one it has is longer.

        A shorter one only means to wake up too early, and to arm again.
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
