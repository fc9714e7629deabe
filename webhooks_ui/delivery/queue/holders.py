"""Who holds a lease, and whether it is still alive.

A lease names its holder. A worker keeps something under its holder's number that ends with its
process, however that ends: on PostgreSQL an advisory lock of a session of its own, on SQLite the
reading end of a named pipe beside the database. So others see that it died, and do not wait until
its leases run out. A worker that is only slow keeps it, and with it what it has claimed.
"""

import errno
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

from sqlalchemy import Connection, Engine, text

NOBODY = 0  # no holder has this number
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


def open_pipe(engine: Engine, holder: int) -> int | None:
    """The descriptor of a holder's pipe, on SQLite; None where there can be none."""
    hidden = f"{_folder(engine)}/.{holder}"
    try:
        Path(hidden).parent.mkdir(mode=0o700, exist_ok=True)
        os.mkfifo(hidden, 0o600)
        pipe = os.open(hidden, os.O_RDWR | os.O_NONBLOCK)
        Path(hidden).rename(_path(engine, holder))  # who finds it finds that it is read
    except OSError:
        return None
    return pipe


def close_pipe(engine: Engine, holder: int, pipe: int) -> None:
    """Ends what `open_pipe` has begun."""
    with suppress(OSError):
        Path(_path(engine, holder)).unlink()
    os.close(pipe)


def ring_pipes(engine: Engine) -> None:
    """Writes to the pipe of every holder; those of dead ones are removed. Best effort."""
    with suppress(OSError):
        for name in os.listdir(_folder(engine)):  # noqa: PTH208
            if name.isdecimal():
                _is_read(_path(engine, name), b"!")


def dead(connection: Connection, holders: Collection[int]) -> set[int]:
    """Those of these holders whose process has ended, or has lost its session."""
    if connection.dialect.name == "sqlite":
        engine = connection.engine
        return {holder for holder in holders if not _is_read(_path(engine, holder), b"")}
    return {*holders} - {*connection.scalars(_LOCKED, {"class": LOCK_CLASS})}


def is_certain(engine: Engine) -> bool:
    """Whether `dead` cannot be wrong: a session that ended may be that of a process that lives."""
    return engine.dialect.name == "sqlite"


def _folder(engine: Engine) -> str:
    # As text: with each event paths of `pathlib` would take longer than the system's calls.
    return os.path.join(os.path.dirname(engine.url.database or ""), "workers")  # noqa: PTH118, PTH120


def _path(engine: Engine, holder: int | str) -> str:
    return f"{_folder(engine)}/{holder}"


def _is_read(path: str, data: bytes) -> bool:
    """Whether somebody reads this pipe; writes to it if so, and removes it if not."""
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.ENXIO:  # nobody has it open for reading
            return True
        Path(path).unlink(missing_ok=True)
        return False
    with suppress(OSError):  # full: it is ringing already
        if data:
            os.write(pipe, data)
    os.close(pipe)
    return True
