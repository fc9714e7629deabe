"""Lists as their URLs ask for them, and numbered pages of those whose length is known."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar

from sqlalchemy import Select, func, select

from webhooks_ui.database.engine import db
from webhooks_ui.text.whole_number import whole_number

T = TypeVar("T")
SIZE = 50
MAX_ARGUMENT = 255  # characters of a URL's argument


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


@dataclass(frozen=True)
class ListQuery:
    """The arguments of a list's URL: each field is one; its default narrows nothing."""

    KNOWN: ClassVar[Mapping[str, Container[str]]] = {}
    """What an argument may be; any other text counts as none."""
    IDLE: ClassVar[tuple[str, ...]] = ("page",)
    """The arguments that narrow nothing."""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Self:
        return cls(**cls._given(arguments))

    @classmethod
    def _given(cls, arguments: Mapping[str, str]) -> dict[str, Any]:
        """The fields' values, tidied."""
        given: dict[str, Any] = {}
        for name, default in cls._defaults().items():
            text = arguments.get(name, "").strip()[:MAX_ARGUMENT]
            if isinstance(default, int):
                given[name] = number_of(text)
            else:
                given[name] = text if text in cls.KNOWN.get(name, (text,)) else default
        return given

    @classmethod
    @cache
    def _defaults(cls) -> dict[str, Any]:
        return {field.name: field.default for field in fields(cls)}

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return self.active_beyond()

    def active_beyond(self, *settled: str) -> bool:
        """Whether anything narrows the list but these fields."""
        idle = (*self.IDLE, *settled)
        return any(getattr(self, name) for name in self._defaults() if name not in idle)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The URL's arguments with some changed; defaults are left out."""
        defaults = self._defaults()
        wanted = {name: getattr(self, name) for name in defaults} | changes
        return {
            name: str(value)
            for name, value in wanted.items()
            if value and value != defaults.get(name)
        }
