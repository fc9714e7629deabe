"""The real program in its own process: `webhooks-ui serve` on a free port, with its own data."""

import os
import re
import signal
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.program import Program
from tests.support.waiting import PATIENCE, free_port, wait_until

PROGRAM = (sys.executable, "-m", "webhooks_ui")
SETUP_LINK = re.compile(r"https?://\S+/setup\S*")


class Server:
    """Starts on entering; on leaving asks it to stop and checks that it ended well.

    `settings` are given by name without prefix: `Server(folder, ALLOWED_NETWORKS="127.0.0.1")`.
    Port 0 is a free one.
    """

    def __init__(self, data_dir: Path, port: int = 0, /, **settings: str) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"DATA_DIR": str(data_dir), "HOST": "127.0.0.1", "PORT": str(self.port)}
        self.environ = _environ(own | settings)
        self._log = data_dir / "server.log"
        self._commands = count(1)
        self._process: Program | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def start(self, *arguments: str, timeout: float = PATIENCE) -> None:
        """Run `serve` with these arguments and return once it answers."""
        self._process = Program("serve", *arguments, environ=self.environ, log=self._log)
        wait_until(self._is_up, timeout, "the server's answer")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server ended while starting:\n{self.log()}"
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=60) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self, timeout: float = PATIENCE) -> None:
        """End it as an operator would, by SIGTERM; it must exit 0 and have logged no traceback."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(timeout)
        finally:
            self.kill()
        assert status == 0, f"the server's exit status was {status}:\n{self.log()}"
        for sign in ("Traceback (most recent call last)", "Fatal Python error"):
            assert sign not in self.log(), self.log()

    def kill(self) -> None:
        """End it, and every process it has started, at once."""
        if self._process is not None:
            # It leads a process group of its own, so this reaches nothing else.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """Everything it has printed so far."""
        return self._log.read_text(errors="replace")

    def setup_link(self) -> str:
        """The one-time link that makes the first administrator, as printed at the start."""
        found = wait_until(lambda: SETUP_LINK.search(self.log()), what="the set-up link")
        assert found is not None
        return found.group()

    def command(self, *arguments: str, stdin: str = "") -> str:
        """Run another `webhooks-ui` command on the same data; its output. It must exit 0."""
        name = f"command-{next(self._commands)}"
        log, errors = self.data_dir / f"{name}.log", self.data_dir / f"{name}.err.log"
        program = Program(*arguments, environ=self.environ, log=log, errors=errors, stdin=stdin)
        assert program.wait(240) == 0, errors.read_text()
        return log.read_text()


def _environ(settings: dict[str, str]) -> dict[str, str]:
    """This environment without the developer's own settings, with those given."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WEBHOOKS_UI_")}
    ours = {f"WEBHOOKS_UI_{name}": value for name, value in settings.items()}
    return inherited | ours | {"PYTHONUNBUFFERED": "1"}
