"""Pages counted from 1, of a list whose length is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The page with this number, of `size` rows at most, of a list of `total`."""

    items: Sequence[T]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are, 1 at least."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """The number of the first row on the page."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of the last one."""
        return min(self.number * self.size, self.total)

    @property
    def has_prev(self) -> bool:
        """Whether there is a page before."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether there is a page after."""
        return self.number < self.pages


def number_of(text: str) -> int:
    """The number of a page as a URL gives it; 1 when it means nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def within(number: int, total: int, size: int) -> int:
    """This number, or that of the last page of a list of `total` when there are fewer."""
    return max(1, min(number, -(-total // size)))
