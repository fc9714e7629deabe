"""What keeps a file from being imported."""

from collections.abc import Iterable
from typing import Self

from flask_babel import LazyString

from webhooks_ui.web.problem import Fault

MAX_BYTES = 2_000_000  # of a file


class ImportFaults(Exception):
    """`faults` say where in the file, by JSON pointer, and what; nothing was changed."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(" ".join(f"{place}: {words}" for place, words in self.faults))

    @classmethod
    def at(cls, place: str, words: str | LazyString) -> Self:
        """One fault."""
        return cls([Fault(place, words)])
