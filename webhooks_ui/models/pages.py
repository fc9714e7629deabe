"""Numbered pages of a list whose length is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.text.whole_number import whole_number

T = TypeVar("T")
SIZE = 50


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


def find(query: Select[T], number: int, size: int = SIZE) -> Page[T]:
    """The page with this number of what a query selects, or the last one if there are fewer."""
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    number = within(number, total, size)
    rows = db.session.scalars(query.offset((number - 1) * size).limit(size)).all()
    return Page(rows, total, number, size)


def number_of(text: str) -> int:
    """A page number from a URL; 1 if it is not one."""
    number = whole_number(text, digits=6)
    return 1 if number is None else number


def within(number: int, total: int, size: int) -> int:
    """The page number, at most that of the last page."""
    return max(1, min(number, -(-total // size)))
