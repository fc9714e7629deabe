"""Files that survive a crash of the machine, and folders that one process at a time works in."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has none


def sync(path: Path, *, data_only: bool = False) -> None:
    """Writes a file, or the entries of a folder, down to the disk. Raises OSError.

    `data_only` leaves out what is not needed to read it, such as when it was changed.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        (_sync_data if data_only else os.fsync)(descriptor)
    finally:
        os.close(descriptor)


def write(file: Path, text: str) -> None:
    """Writes a text file, whole or not at all; a device such as /dev/stdout directly."""
    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
        return
    replace(file.resolve(), text)


def replace(file: Path, text: str) -> None:
    """Puts a private file with this text in the place of `file`, if there is one, at once."""
    with draft(file, text) as written:
        written.replace(file)
    sync(file.parent)


@contextmanager
def draft(file: Path, text: str) -> Iterator[Path]:
    """A private file beside `file`, written down to the disk; gone afterwards unless renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path, busy: Exception) -> Iterator[None]:
    """Locks a folder; raises `busy` while anybody else has it locked, in whatever process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        if not folder.exists() or not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise busy  # whoever held it has just removed it
        yield
    finally:
        os.close(descriptor)
