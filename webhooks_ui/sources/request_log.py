"""The requests that pages of sources show: stored a moment after they were answered, many at once.

A sender waits for its events alone. A process that is killed loses what it has recorded and not
yet stored; the events that it became are stored before it is answered.
"""

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Timer

from flask import Flask, current_app

from webhooks_ui.database.engine import REFUSED
from webhooks_ui.models.source_request import RequestRow, SourceRequest

COMPANY = 0.5  # seconds that a request waits for others
MAX_WAITING = 200  # requests, each with some 10 KB of a body: twice what a source's page shows
_EXTENSION = "source_requests"

log = logging.getLogger(__name__)


class RequestLog:
    """The requests of this process that are not yet stored."""

    def __init__(self, app: Flask) -> None:
        self._app, self._lock, self._storing = app, Lock(), Lock()
        self._waiting = deque[RequestRow](maxlen=MAX_WAITING)
        self._timer: Timer | None = None

    def add(self, row: RequestRow) -> None:
        """Has a request stored soon; where too many wait, the oldest is left out."""
        with self._lock:
            self._waiting.append(row)
            self._see_to_it()

    def store(self) -> None:
        """Stores what waits: one at a time, so that of a stuck database one writer waits."""
        with self._storing:
            with self._lock:
                rows = [*self._waiting]
                self._waiting.clear()
            if rows:
                self._store(rows)

    def _see_to_it(self) -> None:
        if self._timer is None and self._waiting:
            timer = Timer(COMPANY, self._on_timer)
            with suppress(RuntimeError):  # the system has no more threads: the next one has it done
                timer.start()
                self._timer = timer

    def _on_timer(self) -> None:
        try:
            self.store()
        finally:
            with self._lock:
                self._timer = None
                self._see_to_it()

    def _store(self, rows: Sequence[RequestRow]) -> None:
        try:
            with self._app.app_context():
                SourceRequest.store(rows)
        except REFUSED as error:
            log.warning("%s requests are missing on their sources' pages: %s", len(rows), error)


def close(app: Flask) -> None:
    """Stores what this process still holds; an app without sources has nothing."""
    if requests := app.extensions.get(_EXTENSION):
        requests.store()


def record(row: RequestRow) -> None:
    """See `RequestLog.add`."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    requests: RequestLog = app.extensions.setdefault(_EXTENSION, RequestLog(app))
    requests.add(row)
