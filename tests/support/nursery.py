"""The worker that `serve` starts, forked from what is imported already instead of started anew.

How `serve` starts it in earnest is tested in engine/test_crash.py, and wherever the program is
started with `server.PROGRAM`.
"""

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

from webhooks_ui.server import supervisor

Main = Callable[[Sequence[str]], None]


def open_nursery(main: Main) -> None:
    """From now on the supervisor of this process forks its workers; call it before any thread.

    They are forked by a process that has one thread for ever, and are of this process' group.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        _tend(theirs, main)
        os._exit(0)
    theirs.close()

    def popen(command: Sequence[str], stdin: int, env: Mapping[str, str]) -> _Worker:
        return _Worker(ours, command[3:], stdin, env)

    vars(supervisor)["subprocess"] = SimpleNamespace(Popen=popen)


class _Worker:
    """What the supervisor needs of `subprocess.Popen`."""

    def __init__(
        self, nursery: socket.socket, arguments: Sequence[str], stdin: int, env: Mapping[str, str]
    ) -> None:
        self._nursery = nursery
        self._status: int | None = None
        socket.send_fds(nursery, [json.dumps([arguments, dict(env)]).encode()], [stdin])
        self._pid = int(nursery.recv(100))

    def poll(self) -> int | None:
        return self._status

    def wait(self) -> int:
        self._status = int(self._nursery.recv(100))
        return self._status

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._status is None:
            os.kill(self._pid, number)


def _tend(asked: socket.socket, main: Main) -> None:
    """Forks one worker after the other, until nobody asks any more."""
    while True:
        request, files, *_ = socket.recv_fds(asked, 1_000_000, 1)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            asked.close()
            os.dup2(files[0], 0)
            os.close(files[0])
            arguments, environ = json.loads(request)
            os.environ.clear()
            os.environ.update(environ)
            sys.stdin = os.fdopen(0)
            os._exit(_status_of(main, arguments))
        os.close(files[0])
        asked.send(str(pid).encode())
        asked.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def _status_of(main: Main, arguments: Sequence[str]) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # as the interpreter would
        traceback.print_exc()
        return 1
    return 0
