"""A socket whose operations share one deadline, with a buffer to read lines and pieces from."""

import math
import select
import socket
import ssl
import time

from webhooks_ui.delivery.http.errors import exchange_error

RECEIVE_SIZE = 65536
_SEND_SIZE = 65536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ClosedError(Exception):
    """The receiver closed or broke the connection in the middle of its response."""


class DeadlineError(ClosedError):
    """The response did not go on before the deadline."""


class BudgetError(Exception):
    """The receiver sent more bytes than may be received."""


class Stream:
    """A connected socket with a read buffer. It sends on while it waits for the response.

    `begin` starts an exchange; `is_kept` says whether it is not the first one. `received` says
    whether its response has begun, `first_byte_at` when (time.monotonic). `is_cut` says that the
    request was not sent to its end. No more is received than the budget, give or take
    `RECEIVE_SIZE` bytes.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._buffer = b""
        self._at = 0
        self._exchanges = -1
        self._readable = _poll(connected, select.POLLIN)
        self._writable = _poll(connected, select.POLLOUT)
        self._readable_or_writable = _poll(connected, select.POLLIN | select.POLLOUT)
        self.begin(0.0)

    @property
    def is_kept(self) -> bool:
        return self._exchanges > 1

    def begin(self, deadline: float) -> None:
        """Starts an exchange that ends at `deadline`, in seconds of time.monotonic."""
        self._deadline = deadline
        self._exchanges += 1
        self._budget = 0
        self._unsent = memoryview(b"")
        self.is_cut = False
        self.received = False
        self.first_byte_at = 0.0

    def end_within(self, seconds: float) -> None:
        """Moves the deadline up if it is further away than that."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def set_budget(self, size: int) -> None:
        """Allows `size` more bytes to be received."""
        self._budget = size

    def is_idle(self) -> bool:
        """Whether nothing has arrived, not even the end, so that the next response is ours."""
        return not self.has_unread() and not self._readable.poll(0)

    def has_unread(self) -> bool:
        """Whether bytes have been received that nobody has read."""
        if self._at < len(self._buffer):
            return True
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def close(self) -> None:
        self._socket.close()

    def pause(self, seconds: float) -> None:
        """Slows down a receiver that floods us. Raises DeadlineError."""
        time.sleep(min(seconds, self._left()))

    def send(self, data: bytes) -> None:
        """Begins to send; what the connection does not take at once goes out while reading.

        A connection that breaks is no failure yet: a receiver may refuse a request and close before
        it has read all of it. If there is no response either, reading it tells why.
        """
        self._unsent = memoryview(data)
        self._send_some()

    def finish_sending(self, patience: float) -> None:
        """Sends the rest, until the receiver takes none of it for `patience` seconds."""
        while self._unsent:
            seconds = min(patience, self._deadline - time.monotonic())
            if seconds <= 0 or not self._writable.poll(math.ceil(seconds * 1000)):
                self.stop_sending()
            self._send_some()

    def stop_sending(self) -> None:
        """Sends no more of the request."""
        if self._unsent:
            self.is_cut = True
            self._unsent = memoryview(b"")

    def read_line(self, limit: int) -> bytes:
        """The next line without its end; a longer one is cut off at `limit` + 1 bytes.

        Raises ClosedError, BudgetError.
        """
        line = b""
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            line = (line + self._buffer[self._at :])[: limit + 1]
            self._at = len(self._buffer)
            self._fill()
        line += self._buffer[self._at : min(end, self._at + limit + 1)]
        self._at = end + 1
        return line[: limit + 1].removesuffix(b"\r")

    def begins_with(self, prefix: bytes) -> bool:
        """Whether the next bytes are `prefix`; reads no further than it takes to tell.

        Raises ClosedError, BudgetError.
        """
        while True:
            start = self._buffer[self._at : self._at + len(prefix)]
            if start == prefix or not prefix.startswith(start):
                return start == prefix
            self._fill()

    def skip_to(self, prefix: bytes) -> None:
        """Skips what lies before `prefix`: it does not count as received.

        Raises ClosedError, BudgetError.
        """
        while (found := self._buffer.find(prefix, self._at)) < 0:
            unread = self._buffer[self._at :]
            lengths = range(len(prefix) - 1, 0, -1)
            begun = next((n for n in lengths if unread.endswith(prefix[:n])), 0)
            self._at = len(self._buffer) - begun
            self.received = begun > 0
            self._fill()
        self._at = found

    def read(self, limit: int) -> bytes:
        """At least one and at most `limit` bytes. Raises ClosedError, BudgetError."""
        if self._at == len(self._buffer):
            self._fill()
        piece = self._buffer[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def _fill(self) -> None:
        """Receives once. A connection that breaks within a response ends it.

        Raises ClosedError, BudgetError; AttemptError if it breaks before a response.
        """
        if self._budget <= 0:
            raise BudgetError
        try:
            data = self._receive()
        except OSError as error:
            if not self.received:
                raise exchange_error(error) from error
            data = b""
        if not data:
            raise ClosedError
        if not self.received:
            self.received = True
            self.first_byte_at = time.monotonic()
        self._budget -= len(data)
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def _receive(self) -> bytes:
        """What arrives next; nothing at the end. Raises OSError, DeadlineError."""
        while True:
            try:
                return self._socket.recv(RECEIVE_SIZE)
            except _NOT_NOW:
                waiting = self._readable_or_writable if self._unsent else self._readable
                waiting.poll(math.ceil(self._left() * 1000))
                self._send_some()

    def _send_some(self) -> None:
        """Sends as much as the connection takes now."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent[:_SEND_SIZE]) :]
        except _NOT_NOW:
            pass
        except OSError:
            self.stop_sending()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DeadlineError
        return left


def _poll(connected: socket.socket, events: int) -> select.poll:
    poll = select.poll()
    poll.register(connected, events)
    return poll
