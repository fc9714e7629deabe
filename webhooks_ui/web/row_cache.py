"""Pieces of pages, remembered by everything they were made from: a row of a list stays as it is for
as long as what it shows does, and to write it anew takes longer than all else.
"""

from collections.abc import Hashable
from threading import Lock

from flask import Flask
from markupsafe import Markup

MOST = 300  # of some 3 KB each


class Fragments:
    """The newest `most` pieces."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._kept: dict[Hashable, Markup] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Markup | None:
        """The piece that was made from this, if it is remembered."""
        return self._kept.get(key)

    def keep(self, key: Hashable, piece: Markup) -> Markup:
        """Remembers a piece, and forgets the oldest when there are too many."""
        with self._lock:
            self._kept[key] = piece
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return piece


def init_app(app: Flask) -> None:
    """Gives templates `fragments`, to be asked with all that a piece depends on."""
    app.jinja_env.globals["fragments"] = Fragments(MOST)
