"""The space that deleted rows leave in a SQLite file, and how it goes back to the disk.

PostgreSQL's autovacuum makes it free for new rows by itself; there is nothing to do here.
"""

from collections.abc import Iterator

from sqlalchemy import text

from webhooks_ui.database import driver
from webhooks_ui.database.engine import db, end_read, is_sqlite, transaction

_PAGES = 250  # given back in one transaction: 1 MB in pages of 4 KiB
_KEPT_SHARE = 20  # one page in so many stays free, since tomorrow's deliveries need it again
_INCREMENTAL = 2


def gives_back() -> bool:
    """Whether space can be given back in steps: a file of an older version has to be rewritten."""
    return not is_sqlite() or _pragma("auto_vacuum") == _INCREMENTAL


def size() -> int:
    """The size of the database file in bytes; 0 where it is not ours."""
    return _pragma("page_count") * _pragma("page_size") if is_sqlite() else 0


def give_back() -> Iterator[int]:
    """Shortens the file by what is free beyond a reserve; pages for each short transaction."""
    if not is_sqlite() or not gives_back():
        return
    while (spare := _pragma("freelist_count") - _pragma("page_count") // _KEPT_SHARE) > 0:
        with transaction():
            cursor = db.session.connection().connection.cursor()
            cursor.execute(f"PRAGMA incremental_vacuum({min(spare, _PAGES)})")
            cursor.fetchall()  # it goes on page by page as long as one asks
            cursor.close()
        yield min(spare, _PAGES)
    checkpoint()


def checkpoint() -> None:
    """Moves the write-ahead log into the file and truncates it, unless it is in use."""
    _run("PRAGMA busy_timeout=0", "PRAGMA wal_checkpoint(TRUNCATE)", driver.BUSY_TIMEOUT)


def rewrite() -> None:
    """Writes the whole file again; nobody else can write meanwhile."""
    if is_sqlite():
        _run(f"PRAGMA auto_vacuum={_INCREMENTAL}", "VACUUM")
        checkpoint()


def _pragma(name: str) -> int:
    return int(db.session.execute(text(f"PRAGMA {name}")).scalar_one())


def _run(*statements: str) -> None:
    """Runs these outside of any transaction, on one connection."""
    end_read()
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        for statement in statements:
            cursor.execute(statement)
            cursor.fetchall()
        cursor.close()
