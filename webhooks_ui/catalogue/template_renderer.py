"""Has templates rendered by processes of their own, which are ended when one takes too long."""

import atexit
import hashlib
import json
import os
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Lock
from typing import IO, Any

from webhooks_ui.catalogue.payload import PayloadError

MAX_PROCESSES = 2
PATIENCE = 10.0  # seconds for an answer, on a machine that is busy with other things
USED_WITHIN = 45.0  # seconds, less than the process waits for more work
SLOW_FOR = 60.0  # seconds for which a template that took too long is not tried again
MAX_SLOW = 1_000
TOO_LONG = "the template takes too long or too much memory"
_PROGRAM = Path(__file__).with_name("template_process.py")


class _Process:
    """A renderer that runs; used by one thread at a time."""

    def __init__(self) -> None:
        # `-I`: nothing of the environment, the folder or the user; no secret stands in its memory.
        command = [sys.executable, "-I", str(_PROGRAM)]
        self._running = subprocess.Popen(  # noqa: S603 - a program of ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
        )
        self.used_at = time.monotonic()
        running: Any = self._running
        self._pipes: tuple[IO[bytes], IO[bytes]] = running.stdin, running.stdout

    def ask(self, request: bytes) -> dict[str, Any] | None:
        """The answer; None when the process has ended or does not answer in time."""
        stdin, stdout = self._pipes
        deadline = time.monotonic() + PATIENCE
        try:
            _write(stdin.fileno(), struct.pack(">I", len(request)) + request)
            length = struct.unpack(">I", _read(stdout.fileno(), 4, deadline))[0]
            found: dict[str, Any] = json.loads(_read(stdout.fileno(), length, deadline))
        except (OSError, EOFError, TimeoutError):
            return None
        return found

    @property
    def is_usable(self) -> bool:
        """Whether it has not ended, and is not about to: after a minute without work it does."""
        return self._running.poll() is None and time.monotonic() - self.used_at < USED_WITHIN

    def end(self) -> None:
        self._running.kill()
        self._running.wait()
        for stream in self._pipes:
            with suppress(OSError):
                stream.close()


class Renderer:
    """The renderers of this process, started when a template is to be rendered; thread-safe.

    A template that has been ended is not tried again for a minute: its events must not hold the
    others' renderers.
    """

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MAX_PROCESSES)
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        self._slow: dict[str, float] = {}
        self._lock = Lock()

    def render(self, source: str, head: dict[str, Any], data: bytes) -> str:
        """The text that a template makes of an event. Raises PayloadError."""
        name = hashlib.sha256(source.encode(errors="replace")).hexdigest()
        if self._slow.get(name, 0.0) > time.monotonic():
            raise PayloadError(TOO_LONG)
        asked = {"source": source, "head": head, "data": data.decode()}
        if not self._free.acquire(timeout=PATIENCE):
            raise PayloadError("no renderer was free")
        try:
            said = self._ask(json.dumps(asked).encode())
        finally:
            self._free.release()
        if said is None:
            self._remember(name)
            raise PayloadError(TOO_LONG)
        if "text" in said:
            return str(said["text"])
        line = f" (line {said['line']})" if said.get("line") else ""
        raise PayloadError(" ".join(str(said["error"]).split())[:300] + line)

    def close(self) -> None:
        """Ends those that are idle."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().end()

    def _ask(self, request: bytes) -> dict[str, Any] | None:
        process = self._take()
        said = process.ask(request)
        if said is None:
            process.end()
        else:
            process.used_at = time.monotonic()
            self._idle.put(process)
        return said

    def _take(self) -> _Process:
        with suppress(Empty):
            while True:
                process = self._idle.get_nowait()
                if process.is_usable:
                    return process
                process.end()
        return _Process()

    def _remember(self, name: str) -> None:
        with self._lock:
            if len(self._slow) >= MAX_SLOW:
                self._slow.clear()
            self._slow[name] = time.monotonic() + SLOW_FOR


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read(descriptor: int, length: int, deadline: float) -> bytes:
    found, readable = bytearray(), select.poll()
    readable.register(descriptor, select.POLLIN)
    while len(found) < length:
        left = deadline - time.monotonic()
        if left <= 0 or not readable.poll(left * 1000):
            raise TimeoutError
        part = os.read(descriptor, length - len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


renderer = Renderer()
render = renderer.render
atexit.register(renderer.close)
