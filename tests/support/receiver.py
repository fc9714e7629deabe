"""A webhook receiver in another process, as a real one would be."""

import base64
import http.client
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
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
    """Starts the process on entering and ends it on leaving; `url` takes anything on any path.

    `certificate` (a PEM file with key and certificate) makes it answer to https.
    """

    def __init__(self, port: int = 0, certificate: Path | None = None) -> None:
        self._arguments = [str(port), *([str(certificate)] if certificate else [])]
        self._scheme = "https" if certificate else "http"

    def __enter__(self) -> Self:
        command = [sys.executable, str(PROGRAM), *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port, self._control = map(int, self._process.stdout.readline().split())
        self.url = f"{self._scheme}://127.0.0.1:{self.port}/hook"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=60)

    def answer(self, *answers: Answer) -> None:
        """Give these answers one after the other and repeat the last; without any, an empty 200."""
        self._ask("PUT", "/answers", json.dumps([_as_json(answer) for answer in answers]))

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
        self._ask("DELETE", "/requests")

    def _requests(self, count: int, timeout: float) -> list[Received]:
        found = self._ask("GET", f"/requests?count={count}&timeout={timeout}", timeout=timeout)
        return [_received(request) for request in found]

    def _ask(
        self, method: str, path: str, body: str | None = None, timeout: float = 0.0
    ) -> Iterable[dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._control, timeout=timeout + 10)
        try:
            connection.request(method, path, body)
            answer: Iterable[dict[str, Any]] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


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
