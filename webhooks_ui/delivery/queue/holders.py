"""Who holds a lease, and whether it is still alive.

A lease names its holder. A worker keeps a lock under its holder's number that ends with its
process, however that ends: on PostgreSQL an advisory lock of a session of its own, on SQLite that
of a file beside the database (`flock`). So others see that it died, and do not wait until its
leases run out. A worker that is only slow keeps the lock, and with it what it has claimed.
"""

import fcntl
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import IO

from sqlalchemy import Connection, Engine, text

LOCK_CLASS = 0x77687569  # of our advisory locks, among those of other programs
LOCK_SESSION = "SELECT pg_advisory_lock_shared(%s, %s)"
_LOCKED = text(
    "SELECT CAST(objid AS bigint) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid = :class AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def new_number() -> int:
    """The number of a new holder."""
    return SystemRandom().randrange(1, 2**31)


def lock_file(engine: Engine, holder: int) -> IO[bytes] | None:
    """The locked file of a holder, on SQLite; None where files cannot be locked."""
    path = _path(engine, holder)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = path.open("wb")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return file


def unlock(engine: Engine, holder: int, file: IO[bytes]) -> None:
    """Ends what `lock_file` has begun."""
    with suppress(OSError):
        _path(engine, holder).unlink()
    file.close()


def dead(connection: Connection, holders: Collection[int]) -> set[int]:
    """Those of these holders whose process has ended, or has lost its session."""
    if connection.dialect.name == "sqlite":
        return {holder for holder in holders if _is_free(_path(connection.engine, holder))}
    return {*holders} - {*connection.scalars(_LOCKED, {"class": LOCK_CLASS})}


def is_certain(engine: Engine) -> bool:
    """Whether `dead` cannot be wrong: a session that ended may be that of a process that lives."""
    return engine.dialect.name == "sqlite"


def _path(engine: Engine, holder: int) -> Path:
    return Path(engine.url.database or "").parent / "workers" / str(holder)


def _is_free(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
