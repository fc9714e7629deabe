"""One client's connection, and until when it may wait for its request."""

import time
from typing import Any

from waitress.channel import HTTPChannel

from webhooks_ui.server.request_parser import Request

BEGIN_WITHIN = 15.0  # seconds from the connection to the first byte of a request
HEAD_WITHIN = 15.0  # seconds from the first byte of a request to the end of its head
BODY_GRACE, BODY_RATE = 15.0, 16_384  # seconds, and bytes a second, that a body has beside
KEEP_ALIVE = 60.0  # seconds between two requests on a connection
STALLED = 60.0  # seconds in which a client takes nothing of its answer


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection, which knows until when it may wait."""

    parser_class = Request
    requests_served = 0
    queued_at = 0.0

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
