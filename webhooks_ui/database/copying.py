"""What copies of a database of either kind have in common."""

from pathlib import Path
from typing import NamedTuple, Protocol


class CopyError(Exception):
    """A copy cannot be made, read or put in place; the text is one line for the operator."""


class Facts(NamedTuple):
    """`schema` is its revision, `key_check` a token under the key of its secrets."""

    schema: str
    key_check: str | None


class Copied(Protocol):
    """A database that can be copied while it is in use; all of it raises `CopyError`."""

    kind: str

    @property
    def folder(self) -> Path | None:
        """Where a copy has to be to take its place; None for anywhere."""

    def save(self, to: Path) -> None:
        """Writes a consistent copy into a new file, while others write."""

    def verify(self, copy: Path) -> None:
        """Reads the whole copy."""

    def facts(self, copy: Path) -> Facts:
        """Schema and key of a copy that was saved just now."""

    def is_empty(self) -> bool:
        """Whether nothing is lost with the database."""

    def replace(self, copy: Path) -> None:
        """Puts the copy in place of the database, all at once; nobody else may use it."""
