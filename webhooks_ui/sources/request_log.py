"""The requests that pages of sources show: stored a moment after they were answered, many at once.

A sender waits for its events alone. A process that is killed loses what it has noted and not yet
stored; the events that it became are stored before it is answered.
"""

import logging
from threading import Lock, Timer

from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from webhooks_ui.database.engine import UNREACHABLE
from webhooks_ui.models.source_request import RequestRow, SourceRequest

COMPANY = 0.5  # seconds that a request waits for others
MOST = 200  # requests that wait, each with some 10 KB of a body; then the sender waits too
_EXTENSION = "source_requests"

log = logging.getLogger(__name__)


class RequestLog:
    """The requests of this process that are not yet stored."""

    def __init__(self, app: Flask) -> None:
        self._app, self._lock = app, Lock()
        self._noted: list[RequestRow] = []
        self._timer: Timer | None = None

    def note(self, row: RequestRow) -> None:
        """Has it stored soon, without waiting for it."""
        with self._lock:
            self._noted.append(row)
            is_full = len(self._noted) >= MOST
            if self._timer is None:
                self._timer = Timer(COMPANY, self.store)
                self._timer.start()
        if is_full:
            self.store()

    def store(self) -> None:
        """Stores what is noted."""
        with self._lock:
            rows, self._noted = self._noted, []
            if self._timer:
                self._timer.cancel()
                self._timer = None
        if not rows:
            return
        try:
            with self._app.app_context():
                SourceRequest.store(rows)
        except (DBAPIError, *UNREACHABLE) as error:
            log.warning("%s requests are missing on their sources' pages: %s", len(rows), error)


def note(row: RequestRow) -> None:
    """See `RequestLog.note`."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    requests: RequestLog = app.extensions.setdefault(_EXTENSION, RequestLog(app))
    requests.note(row)
