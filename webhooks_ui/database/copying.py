"""What copies of a database of either kind have in common."""

from typing import NamedTuple


class CopyError(Exception):
    """A copy cannot be made, read or put in place; the text is one line for the operator."""


class Facts(NamedTuple):
    """`schema` is its revision, `key_check` a token under the key of its secrets."""

    schema: str
    key_check: str | None
