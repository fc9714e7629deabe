"""The clients' connections: deadlines, a limit, framing rules, and a stop that loses no request.

waitress reads a whole request before a thread works on it, so a slow client holds no thread. Left
alone, it lets idle connections fill its limit and then accepts nobody. Here every connection has a
deadline, and when the limit is reached, the one that has waited longest without a request goes.
"""

import errno
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from webhooks_ui.server.client_connection import Connection
from webhooks_ui.server.request_parser import Request, ServiceUnavailable

THREADS = 8
INTAKE_THREADS = 32  # they wait for a commit, which all of them share: the more, the sooner
INTAKE_BODY = 262_144  # bytes; larger ones take memory to read, and go to the few threads
MAX_QUEUED = 5.0  # seconds that a request waits for a thread before others are refused
DRAIN_WITHIN = 10.0  # seconds for the requests under way when the server is stopped
_QUIET = 0.2  # seconds: a connection on which nothing came for so long may be closed at a stop
_LACKING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE = 0.1  # seconds in which nothing is accepted, after one that could not be
_ALIVE = "/healthz"
_HEADER_BYTES = 65_536

log = logging.getLogger(__name__)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Answers on a listening socket until it is stopped.

    `error_task` answers what never reaches the app; `body_limit` gives the largest body of a path;
    `most` connections are open at a time. What is posted where `is_intake` says so has threads of
    its own, unless it is large: slow pages do not hold it up, nor it them.
    `per_address` limits the connections of one address, for servers that no proxy stands before.
    """

    channel_class = Connection

    def __init__(
        self,
        app: WSGIApplication,
        listening: socket.socket,
        error_task: type[ErrorTask],
        body_limit: Callable[[str], int],
        is_intake: Callable[[str], bool],
        *,
        most: int,
        max_body: int,
        per_address: bool,
        clear_proxy_headers: bool,
    ) -> None:
        self.limit = most
        self.address_limit = self.limit // 2 if per_address else self.limit
        self._stopping_since: float | None = None
        self._next_look = self._paused_until = 0.0
        self._is_intake = is_intake
        self._urgent, self._intake = _dispatcher(1), _dispatcher(INTAKE_THREADS)
        self.error_task = error_task
        adj = Adjustments(
            sockets=[listening],
            threads=THREADS,
            ident=None,
            asyncore_use_poll=True,  # select() ends at 1,024 file descriptors
            max_request_header_size=_HEADER_BYTES,
            max_request_body_size=max_body,
            clear_untrusted_proxy_headers=clear_proxy_headers,
        )
        adj.body_limit = body_limit
        super().__init__(
            app,
            map={},
            _sock=listening,
            dispatcher=_dispatcher(THREADS),
            adj=adj,
            bind_socket=False,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
        )

    def handle_accept(self) -> None:
        """Accepts a connection, and makes room for it where the limit is reached."""
        super().handle_accept()
        connections = list(self.active_channels.values())
        if len(connections) > self.limit:
            self._make_room(connections)
        elif len(connections) > self.address_limit:
            by_address = Counter(one.addr[0] for one in connections)
            newest = connections[-1].addr[0]
            if by_address[newest] > self.address_limit:
                self._make_room([one for one in connections if one.addr[0] == newest])

    def accept(self) -> tuple[socket.socket, Any] | None:
        """A connection; without a file descriptor for it, one that waits makes room for the next.

        Left alone, waitress logs a traceback at each look, thousands a second, as long as it lasts.
        """
        try:
            found: tuple[socket.socket, Any] | None = super().accept()
        except OSError as error:
            if error.errno not in _LACKING:
                raise
            log.warning("A connection was not accepted: %s", error.strerror)
            self._paused_until = time.monotonic() + _PAUSE
            waiting = [one for one in list(self.active_channels.values()) if one.is_idle]
            if waiting:
                min(waiting, key=lambda one: one.waiting_since).handle_close()
            return None
        return found

    def _make_room(self, connections: Iterable[Connection]) -> None:
        """Closes the connection that has waited longest without a whole request, else the last."""
        *older, newest = connections
        waiting = [one for one in older if one.is_idle]
        min(waiting, key=lambda one: one.waiting_since, default=newest).handle_close()

    def readable(self) -> bool:
        """Whether connections are accepted: `_make_room` sees to the limit."""
        return bool(self.accepting) and time.monotonic() >= self._paused_until

    def _close_late(self, moment: float) -> None:
        """Closes connections that are past their deadline; looks once a second."""
        if moment < self._next_look:
            return
        self._next_look = moment + 1.0
        for connection in list(self.active_channels.values()):
            if connection.deadline < moment:
                connection.handle_close()

    def add_task(self, channel: Connection) -> None:
        """Queues a connection's oldest request for a thread; refuses it when they are all stuck."""
        request = channel.requests[0]
        channel.queued_at = time.monotonic()
        if self._stopping_since is not None:
            request.connection_close = True
        threads = self._intake if self._is_taken_in(request) else self.task_dispatcher
        if _is_stuck(threads) and request.path != _ALIVE:
            request.error = request.error or ServiceUnavailable("all threads are busy")
        urgent = request.path == _ALIVE or request.error
        (self._urgent if urgent else threads).add_task(channel)

    def _is_taken_in(self, request: Request) -> bool:
        if request.error:  # it may have no method
            return False
        is_small = request.body_bytes_received <= INTAKE_BODY
        return request.command == "POST" and is_small and self._is_intake(request.path)

    def run(self) -> None:
        """Answers until SIGTERM or SIGINT, then finishes what is under way."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self.loop()

    def loop(self) -> None:
        """Answers until `stop` is called, from wherever."""
        while not self._is_done():
            self._close_late(time.monotonic())
            waits = self._stopping_since is None and time.monotonic() >= self._paused_until
            wasyncore.poll2(1.0 if waits else 0.05, self._map)
        for threads in (self.task_dispatcher, self._intake, self._urgent):
            threads.shutdown()
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """Lets `run` end: no connection is accepted any more, requests under way are answered."""
        self._stopping_since = time.monotonic()
        with suppress(OSError):  # it has ended already
            self.pull_trigger()

    def _on_signal(self, number: int, _frame: object) -> None:
        if self._stopping_since is not None:
            os._exit(128 + number)
        self.stop()

    def _is_done(self) -> bool:
        since, moment = self._stopping_since, time.monotonic()
        if since is None:
            return False
        if self.accepting:
            self._accept_no_more()
        for connection in list(self.active_channels.values()):
            quiet = moment - max(since, connection.waiting_since) > _QUIET
            if connection.is_idle and connection.request is None and quiet:
                connection.handle_close()
        return not self.active_channels or moment - since > DRAIN_WITHIN

    def _accept_no_more(self) -> None:
        """Takes over who has connected already, then closes the listening socket."""
        before = -1
        while before < len(self.active_channels) < self.limit:
            before = len(self.active_channels)
            self.handle_accept()
        self.accepting = False
        self.del_channel()
        self.socket.close()


def _is_stuck(threads: ThreadedTaskDispatcher) -> bool:
    try:
        oldest: Connection = threads.queue[0]
    except IndexError:
        return False
    return time.monotonic() - oldest.queued_at > MAX_QUEUED


def _dispatcher(threads: int) -> ThreadedTaskDispatcher:
    made = ThreadedTaskDispatcher()
    made.set_thread_count(threads)
    return made
