"""Copies of a SQLite database in use, and what takes its place."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from webhooks_ui.database.copying import CopyError, Facts
from webhooks_ui.database.driver import BUSY_TIMEOUT, sqlite_module
from webhooks_ui.database.files import sync


class SqliteDatabase:
    """The database in a file."""

    kind = "sqlite"

    def __init__(self, file: Path) -> None:
        self._file, self.folder = file, file.absolute().parent

    def save(self, to: Path) -> None:
        """Writes a consistent copy into a new file, while others write. Raises `CopyError`."""
        with _opened(self._file) as database:
            database.execute("VACUUM INTO ?", (str(to),))

    def verify(self, copy: Path) -> None:
        """Raises `CopyError` unless the whole copy can be read."""
        with _opened(copy) as database:
            found = database.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise CopyError(f"The copy is damaged: {found}")

    def facts(self, copy: Path) -> Facts:
        """Schema and key of a copy."""
        with _opened(copy) as database:
            schema, checks = None, None
            if _has_table(database, "alembic_version"):
                schema = database.execute("SELECT version_num FROM alembic_version").fetchone()
            if _has_table(database, "installation"):
                checks = database.execute("SELECT key_check FROM installation").fetchone()
        return Facts(schema[0] if schema else "", checks[0] if checks else None)

    def is_empty(self) -> bool:
        """Whether replacing it loses nothing; one that cannot be read is not empty."""
        try:
            with _opened(self._file) as database:
                return not _has_table(database, "alembic_version")
        except CopyError:
            return not self._file.exists()

    def replace(self, copy: Path) -> None:
        """Puts the copy in place of the database, at once. Raises `CopyError` while it is used."""
        if self._is_readable():
            with _opened(self._file) as database:
                database.execute("PRAGMA busy_timeout=0")
                # Fails while anybody else has the file open; afterwards it has no -wal.
                database.execute("PRAGMA journal_mode=DELETE")
        for end in ("-wal", "-shm"):
            self._file.with_name(self._file.name + end).unlink(missing_ok=True)
        sync(copy)
        copy.replace(self._file)
        sync(self._file.parent)

    def _is_readable(self) -> bool:
        try:
            with _opened(self._file) as database:
                return _has_table(database, "alembic_version")
        except CopyError:
            return False


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """A connection to a file that there is; the driver's errors become `CopyError`."""
    module = sqlite_module()
    try:
        address = f"{file.absolute().as_uri()}?mode=rw"
        with closing(module.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute(BUSY_TIMEOUT)
            yield connection
    except module.Error as error:
        hint = " Stop every process that uses it." if "locked" in str(error) else ""
        raise CopyError(f"{file}: {error}.{hint}") from None


def _has_table(database: Any, name: str) -> bool:
    wanted = "SELECT 1 FROM sqlite_master WHERE name = ?"
    return database.execute(wanted, (name,)).fetchone() is not None
