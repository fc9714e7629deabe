"""How many files a process may have open (RLIMIT_NOFILE), and what each part may take of them.

Sockets count as files. Each part keeps to its share, so that no flood of one kind takes what the
others need.
"""

import resource
from dataclasses import dataclass

ENOUGH = 1024
"""With so many, every part has as much as it can use."""
_WANTED = 4096


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The shares of `limit` open files."""

    limit: int

    @property
    def is_short(self) -> bool:
        """Whether some part gets less than it could use."""
        return self.limit < ENOUGH

    @property
    def connections(self) -> int:
        """Clients' connections to the console."""
        return min(500, self.limit // 2)

    @property
    def attempts(self) -> int:
        """Attempts in flight in a worker; each may have two sockets while it connects."""
        return max(1, min(256, self.limit // 4))

    @property
    def pings(self) -> int:
        """Pings in flight in a console; two sockets each."""
        return max(1, min(64, self.limit // 16))

    @property
    def idle_receivers(self) -> int:
        """Connections to receivers that are kept open between attempts."""
        return min(256, self.limit // 10)

    @property
    def database(self) -> int:
        """Connections to the database; one to SQLite has three files: database, WAL and index."""
        return max(4, min(40, self.limit // 25))


def raise_limit() -> OpenFiles:
    """Raises the soft limit as far as the hard one allows and something needs it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return OpenFiles(_WANTED)
    if soft < _WANTED:
        soft = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return OpenFiles(soft)
