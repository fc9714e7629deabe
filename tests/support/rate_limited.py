"""Receivers in this process that take so many requests in a time, and answer 429 beyond that."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

Limit = Callable[[float], float]
"""Takes a request at this time and returns 0, or the seconds until one is taken again."""


def token_bucket(rate: float, burst: int) -> Limit:
    """`burst` tokens, refilled with `rate` a second."""
    tokens, at = float(burst), float("-inf")

    def take(moment: float) -> float:
        nonlocal tokens, at
        tokens, at = min(tokens + (moment - at) * rate, float(burst)), moment
        if tokens < 1:
            return (1 - tokens) / rate
        tokens -= 1
        return 0.0

    return take


def fixed_window(count: int, seconds: float) -> Limit:
    """`count` in each window, which begins with its first request."""
    taken, since = 0, float("-inf")

    def take(moment: float) -> float:
        nonlocal taken, since
        if moment - since >= seconds:
            taken, since = 0, moment
        taken += 1
        return 0.0 if taken <= count else since + seconds - moment

    return take


@dataclass
class RateLimited:
    """What came, by the receiver's own clock."""

    url: str = ""
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


@contextmanager
def rate_limited(limit: Limit) -> Iterator[RateLimited]:
    """Runs a receiver with this limit."""
    seen, lock = RateLimited(), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                moment = time.monotonic()
                wait = limit(moment)
                (seen.refused if wait else seen.taken).append(moment)
                if not wait:
                    seen.ids.append(self.headers["webhook-id"])
            self.send_response(429 if wait else 204)
            if wait:
                self.send_header("Retry-After", f"{wait + 0.001:.3f}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        seen.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
