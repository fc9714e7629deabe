"""Host names to addresses, in bounded time and with a bounded number of threads.

`getaddrinfo` has no time-out and cannot be interrupted, so it runs in daemon threads. Each caller
has a time-out of its own, callers that ask for the same name share one look-up, and a name server
that hangs holds a bounded number of threads.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock, Thread

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


Answer = tuple[str, ...] | DnsFailure
_Name = tuple[str, int]  # host and port


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses that the operating system finds for a host name, each once. Raises OSError."""
    # As bytes: Python would encode text by its own IDNA 2003 codec.
    answers = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))


class BoundedResolver:
    """A resolver with a time-out that runs at most `threads` look-ups at once. Thread-safe."""

    def __init__(self, resolve: Resolver, threads: int = 16) -> None:
        self._resolve = resolve
        self._free_threads = BoundedSemaphore(threads)
        self._lock = Lock()
        self._lookups: dict[_Name, Future[Answer | None]] = {}

    def resolve(self, host: str, port: int, timeout: float) -> Answer:
        """The addresses of a host name, or why there are none within `timeout` seconds."""
        name, deadline = (host, port), time.monotonic() + timeout
        with suppress(TimeoutError):
            while (left := deadline - time.monotonic()) > 0:
                with self._lock:
                    is_new = name not in self._lookups
                    lookup = self._lookups.setdefault(name, Future())
                if is_new:
                    self._start(name, left)
                answer = lookup.result(deadline - time.monotonic())
                if answer is not None:
                    return answer
        return DnsFailure(host, "timeout")

    def _start(self, name: _Name, timeout: float) -> None:
        """Starts a look-up. It ends without an answer if no thread is free in time."""
        if not self._free_threads.acquire(timeout=timeout):
            self._end(name, None)
            return
        try:
            Thread(target=self._run, args=(name,), name="resolver", daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self._free_threads.release()
            self._end(name, DnsFailure(name[0], "failed"))

    def _run(self, name: _Name) -> None:
        answer = self._answer(*name)
        self._free_threads.release()
        self._end(name, answer)

    def _end(self, name: _Name, answer: Answer | None) -> None:
        with self._lock:
            lookup = self._lookups.pop(name)
        lookup.set_result(answer)

    def _answer(self, host: str, port: int) -> Answer:
        try:
            return tuple(self._resolve(host, port)) or DnsFailure(host, "no_address")
        except OSError as error:
            return DnsFailure(host, _DETAILS.get(error.errno or 0, "failed"))
        except Exception:
            log.exception("The resolver raised an error that is not an OSError")
            return DnsFailure(host, "failed")
