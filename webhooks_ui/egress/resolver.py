"""Host names to addresses, in bounded time and with a bounded number of threads.

`getaddrinfo` has no time-out of its own and cannot be interrupted. It runs in daemon threads: a
caller waits as long as it wants, callers that ask for the same name share one look-up, and a name
server that hangs holds `threads` threads at most.
"""

import logging
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

log = logging.getLogger(__name__)

# (host, port) -> IP addresses as text, in the order in which to try them; raises OSError.
Resolver = Callable[[str, int], Iterable[str]]

_DETAILS = {
    socket.EAI_NONAME: "not_found",
    socket.EAI_NODATA: "no_address",
    socket.EAI_AGAIN: "temporary",
}


@dataclass(frozen=True, slots=True)
class DnsFailure:
    """No address for a host name.

    `detail` is `not_found`, `no_address`, `temporary`, `timeout` or `failed`.
    """

    host: str
    detail: str

    @property
    def message(self) -> LazyString:
        if self.detail in ("not_found", "no_address"):
            return _l(
                "The host name %(host)s is not known. Check how it is written.", host=self.host
            )
        return _l("Looking up %(host)s failed. Try again in a minute.", host=self.host)


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses the operating system has for a host name, each once. Raises OSError."""
    # As bytes, since Python would pass text through its own IDNA 2003 codec.
    answers = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(_address(sockaddr) for *_, sockaddr in answers))


def _address(sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    return str(sockaddr[0])


@dataclass(slots=True, eq=False)
class _Lookup:
    host: str
    port: int
    waiting: int = 0
    done: Event = field(default_factory=Event)
    answer: tuple[str, ...] | DnsFailure | None = None


class BoundedResolver:
    """Any resolver, made safe to wait for. Thread-safe."""

    def __init__(self, resolve: Resolver, threads: int = 16) -> None:
        self._resolve = resolve
        self._threads_left = threads
        self._idle = 0
        self._changed = Condition()
        self._queue: deque[_Lookup] = deque()
        self._lookups: dict[tuple[str, int], _Lookup] = {}

    def resolve(self, host: str, port: int, timeout: float) -> tuple[str, ...] | DnsFailure:
        """The addresses of a host name, or why there are none within `timeout` seconds."""
        lookup = self._join(host, port)
        lookup.done.wait(timeout)
        with self._changed:
            lookup.waiting -= 1
            if not lookup.waiting and lookup in self._queue:
                # Nobody waits any more: it need not begin. One that has begun stays known, so that
                # the next caller joins it instead of hanging a second thread on the same name.
                self._queue.remove(lookup)
                del self._lookups[host, port]
        return lookup.answer or DnsFailure(host, "timeout")

    def _join(self, host: str, port: int) -> _Lookup:
        with self._changed:
            lookup = self._lookups.get((host, port))
            if lookup is None:
                lookup = self._lookups[host, port] = _Lookup(host, port)
                self._queue.append(lookup)
                self._wake_a_thread()
            lookup.waiting += 1
            return lookup

    def _wake_a_thread(self) -> None:
        if len(self._queue) <= self._idle or not self._threads_left:
            self._changed.notify()
            return
        with suppress(RuntimeError):  # no more threads: the look-up waits for one of ours
            Thread(target=self._work, name="resolver", daemon=True).start()
            self._threads_left -= 1

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                lookup = self._queue.popleft()
            lookup.answer = self._answer(lookup.host, lookup.port)
            with self._changed:
                del self._lookups[lookup.host, lookup.port]
            lookup.done.set()

    def _answer(self, host: str, port: int) -> tuple[str, ...] | DnsFailure:
        try:
            return tuple(self._resolve(host, port)) or DnsFailure(host, "no_address")
        except OSError as error:
            return DnsFailure(host, _DETAILS.get(error.errno or 0, "failed"))
        except Exception:
            log.exception("The resolver raised an error that is not an OSError")
            return DnsFailure(host, "failed")
