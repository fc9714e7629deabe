"""The log, on standard error: one line for each request, and whatever else happens.

Times are in UTC. A request's line says who asks, `user:3` or a token's id. Query strings and
headers stay out of it, because tokens travel in them. `log_rate` bounds how much is written.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webhooks_ui.monitoring import metrics
from webhooks_ui.monitoring.log_rate import BoundedHandler
from webhooks_ui.text.visibility import visible

WHO = "webhooks_ui.who"
"""The key of a request's environ under which the app says who asks."""
_QUIET_PATHS = ("/static/", "/healthz", "/readyz", "/metrics")
_requests = logging.getLogger("webhooks_ui.requests")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what `extra={"facts": …}` adds."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """A line of text that begins with the time in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802
        return _utc(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line, which no text from outside can break."""
        record.message = visible(record.message)
        return super().formatMessage(record)


def set_up(log_format: str, level: str = "info") -> None:
    """Sends the log to standard error as `text` or `json`; `level` is that of our own lines."""
    handler = BoundedHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    # Nobody reads these (logging HOWTO, “Optimization”): they are a third of a line's cost.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("webhooks_ui").setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line whenever a request waits


class RequestLog:
    """A WSGI app around another one: logs and counts each request, static files left out."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        method, path = environ["REQUEST_METHOD"], _path(environ)
        statuses: list[str] = []

        def start(status: str, *rest: Any) -> Callable[[bytes], object]:
            statuses.append(status)
            return start_response(status, *rest)

        answer = self._app(environ, start)
        # Read after the app, which has put the client's address there when proxies are trusted, and
        # has taken the path of PUBLIC_URL away.
        if environ["PATH_INFO"].startswith(_QUIET_PATHS):
            return answer
        client = environ.get("REMOTE_ADDR", "-"), environ.get(WHO, "-")
        seconds = time.perf_counter() - started

        def tell() -> None:
            _log(method, path, statuses[-1][:3], client, seconds)
            metrics.answered(method, environ["PATH_INFO"], statuses[-1], seconds)

        return _Logged(answer, tell)


class _Logged:
    """An answer that is logged when it has been sent: nobody waits for the log."""

    def __init__(self, answer: Iterable[bytes], tell: Callable[[], None]) -> None:
        self._answer, self._tell = answer, tell

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """Called by the server at the end, however it went."""  # Werkzeug's own stops at an error
        try:
            if close := getattr(self._answer, "close", None):
                close()
        finally:
            self._tell()


def _path(environ: WSGIEnvironment) -> str:
    path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return path.encode("latin-1", "replace").decode(errors="replace")


def _utc(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _log(method: str, path: str, status: str, client: tuple[str, str], seconds: float) -> None:
    address, who = client
    facts = {
        "method": visible(method),
        "path": visible(path),
        "status": int(status),
        "address": visible(address),
        "who": who,
        "ms": round(seconds * 1000, 1),
    }
    _requests.info(
        "%(address)s %(who)s %(method)s %(path)s %(status)s %(ms)s ms",
        facts,
        extra={"facts": facts},
    )
