"""`webhooks-ui` in a process of its own, forked from one that has imported it already.

Importing it takes longer than most tests do. What a start of Python itself has to show is tested
with `server.PROGRAM`.
"""

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TextIO

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "tests.support.warm",
        "webhooks_ui.api.operations",
        "webhooks_ui.cli.main",
        "webhooks_ui.delivery.worker.loop",
        "webhooks_ui.jobs.scheduler",
        "webhooks_ui.server.wsgi",
        "webhooks_ui.views",
    ]
)


class Program:
    """Runs a command, or with `-c` Python, from now on; the rest is as of `subprocess.Popen`.

    It leads a process group of its own, reads `stdin`, and writes to the ends of the files `log`
    and `errors`, which are one unless given. With `killed_at`, `module.function` or
    `module.function#3`, it dies of SIGKILL when that function returns, for the third time.
    """

    def __init__(
        self,
        *arguments: str,
        environ: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
        stdin: str = "",
        killed_at: str = "",
    ) -> None:
        given = (arguments, dict(environ), (log, errors or log), stdin, killed_at)
        self._process = _context.Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """The exit status, minus the signal's number if one has ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("webhooks-ui", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Sends a signal unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)


def _run(
    arguments: tuple[str, ...],
    environ: dict[str, str],
    outputs: tuple[Path, Path],
    stdin: str,
    killed_at: str,
) -> None:
    """What `python -m webhooks_ui` does, in the forked process."""
    os.setsid()
    for path, stream, number in zip(outputs, (sys.stdout, sys.stderr), (1, 2), strict=True):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]
    sys.stdin = _pipe(stdin)
    os.environ.clear()
    os.environ.update(environ)
    _main(arguments, killed_at)


def _main(arguments: Sequence[str], killed_at: str = "") -> None:
    from webhooks_ui.cli.main import main

    if killed_at:
        _die_at(killed_at)
    try:
        if arguments[0] == "-c":
            sys.argv = ["-c", *arguments[2:]]
            exec(arguments[1], {"__name__": "__main__"})  # noqa: S102 - a test's own text
        else:
            main(list(arguments), prog_name="webhooks-ui")
    finally:
        atexit._run_exitfuncs()


def _die_at(moment: str) -> None:
    wanted, _, times = moment.partition("#")
    left = count(int(times or 1), -1)

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event != "return" or not wanted.endswith(f".{code.co_name}"):
            return
        if f"{Path(code.co_filename).stem}.{code.co_name}" == wanted and next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def _pipe(text: str) -> TextIO:
    """Standard input, from which `text` is read."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return os.fdopen(reading)
