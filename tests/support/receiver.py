"""A webhook receiver in another process, as a real one would be."""

import atexit
import base64
import http.client
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.support.waiting import PATIENCE

PROGRAM = Path(__file__).with_name("receiver_process.py")


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer; `delay` in seconds before it, `hang` gives none at all."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay: float = 0.0
    hang: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; header names in the sender's own case and order."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: float

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case; None when it was not sent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Receiver:
    """Opened on entering and closed on leaving; `url` takes anything on any path.

    All receivers of a test run's process share one process, which the first one starts.
    `certificate` (a PEM file with key and certificate) makes it answer to https; `port` 0 picks a
    free one.
    """

    def __init__(self, certificate: Path | None = None, *, port: int = 0) -> None:
        self._certificate, self._port = certificate, port

    def __enter__(self) -> Self:
        certificate = str(self._certificate) if self._certificate else None
        wanted = {"port": self._port, "certificate": certificate}
        self.port: int = _ask("POST", "/", json.dumps(wanted))
        self._is_open = True
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take nothing any more."""
        if self._is_open:
            self._is_open = False
            _ask("DELETE", f"/{self.port}")

    def answer(self, *answers: Answer) -> None:
        """Give these answers one after the other and repeat the last; without any, an empty 200."""
        _ask("PUT", f"/{self.port}/answers", json.dumps([_as_json(answer) for answer in answers]))

    def requests(self) -> list[Received]:
        """Every request so far, oldest first."""
        return self._requests(0, 0.0)

    def wait(self, count: int = 1, timeout: float = PATIENCE) -> list[Received]:
        """Every request, once there are `count`; AssertionError after `timeout` seconds."""
        requests = self._requests(count, timeout)
        assert len(requests) >= count, f"{len(requests)} of {count} requests within {timeout:g} s"
        return requests

    def clear(self) -> None:
        """Forget the requests so far."""
        _ask("DELETE", f"/{self.port}/requests")

    def _requests(self, count: int, timeout: float) -> list[Received]:
        query = f"count={count}&timeout={timeout}"
        found = _ask("GET", f"/{self.port}/requests?{query}", timeout=timeout)
        return [_received(request) for request in found]


@cache
def _control() -> int:
    """The port on which the receivers' process is told what to do; started when first asked for."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate, timeout=60)
    assert process.stdout is not None
    return int(process.stdout.readline())


def _ask(method: str, path: str, body: str | None = None, timeout: float = 0.0) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", _control(), timeout=timeout + 30)
    try:
        connection.request(method, path, body)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "headers": answer.headers,
        "body": base64.b64encode(answer.body).decode(),
        "delay": answer.delay,
        "hang": answer.hang,
    }


def _received(request: dict[str, Any]) -> Received:
    return Received(
        request["method"],
        request["path"],
        tuple((name, value) for name, value in request["headers"]),
        base64.b64decode(request["body"]),
        request["received_at"],
    )
