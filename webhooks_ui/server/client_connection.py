"""One client's connection: until when it may wait for its request, and who sends its answer."""

import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from webhooks_ui.server.request_parser import Request

BEGIN_WITHIN = 15.0  # seconds from the connection to the first byte of a request
HEAD_WITHIN = 15.0  # seconds from the first byte of a request to the end of its head
BODY_GRACE, BODY_RATE = 15.0, 16_384  # seconds, and bytes a second, that a body has beside
KEEP_ALIVE = 60.0  # seconds between two requests on a connection
STALLED = 60.0  # seconds in which a client takes nothing of its answer


class Task(WSGITask):  # type: ignore[misc]
    """Answers a request; the head leaves with the beginning of the body."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        """Sends a part of the body, the first one with the head."""
        if data and not self.wrote_header and self.complete:
            self.channel.head, self.wrote_header = self.build_response_header(), True
        super().write(data)
        if self.channel.head:  # there is no body to send
            self.channel.write_soon(b"")


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection, which knows until when it may wait."""

    parser_class, task_class = Request, Task
    requests_served = 0
    queued_at = 0.0
    head = b""
    _is_sending = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.waiting_since = time.monotonic()
        super().__init__(*arguments, **named)

    def received(self, data: bytes) -> bool:
        """Takes bytes in; the time of a request counts from its first one."""
        begins = self.request is None
        taken: bool = super().received(data)
        if begins and self.request is not None:
            self.waiting_since = time.monotonic()
        return taken

    def service(self) -> None:
        """Answers the oldest request, in a thread."""
        super().service()
        self.requests_served += 1
        self.waiting_since = time.monotonic()

    def write_soon(self, data: Any) -> int:
        """Sends what it can of it, in the thread that answers; the main thread sends the rest."""
        if self.head:
            data, self.head = self.head + data, b""
        written: int = super().write_soon(data)
        return written

    def writable(self) -> bool:
        """Whether the main thread has something to send.

        What a thread is sending at this moment is none of it: waitress alone would have the main
        thread look again and again, in the way of those that answer.
        """
        return bool(super().writable()) and not self._is_sending

    def _flush_some(self, do_close: bool = True) -> bool:
        if do_close:  # by the main thread
            return bool(super()._flush_some())
        self._is_sending = True
        try:
            return bool(super()._flush_some(do_close=False))
        finally:
            self._is_sending = False

    @property
    def error_task_class(self) -> Any:
        """What answers a request that never reaches the app."""
        return self.server.error_task

    @property
    def is_idle(self) -> bool:
        """Whether no whole request has come that is not answered yet."""
        return not self.requests and not self.total_outbufs_len

    @property
    def deadline(self) -> float:
        """When the client has to have gone on, on the clock of `time.monotonic`."""
        if self.total_outbufs_len and (not self.requests or self._is_full):
            stalled = time.time() - self.last_activity  # which waitress keeps by the wall clock
            return float(time.monotonic() - stalled + STALLED)
        if self.requests:
            return float("inf")
        if self.request is None:
            return self.waiting_since + (KEEP_ALIVE if self.requests_served else BEGIN_WITHIN)
        if not self.request.headers_finished:
            return self.waiting_since + HEAD_WITHIN
        size: int = max(self.request.content_length, self.request.body_bytes_received)
        return self.waiting_since + HEAD_WITHIN + BODY_GRACE + size / BODY_RATE

    @property
    def _is_full(self) -> bool:
        return bool(self.total_outbufs_len >= self.adj.send_bytes)
