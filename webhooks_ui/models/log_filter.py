"""What the filters of the log share: the way from what is asked for to a page of row ids."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from webhooks_ui.models.keyset import (
    PAGE,
    Columns,
    Condition,
    Ids,
    KeysetPage,
    LeadingIndex,
    newest_page,
    span,
    within,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """A list's filters; None does not filter. A subclass says which columns they are of."""

    MODEL: ClassVar[Any]
    PREFIX: ClassVar[str]
    """How the public ids of its rows begin."""
    LEADERS: ClassVar[tuple[str, ...]]
    """Columns with indexes, those that leave the fewest rows first."""

    since: datetime | None = None
    until: datetime | None = None

    def find(
        self, *, before: int | None = None, after: int | None = None, limit: int = PAGE
    ) -> KeysetPage:
        """A page of row ids, newest first: those below the row `before` and above `after`."""
        ids = self.rows().between(after, before)
        return self._search(ids, limit) or newest_page(self.MODEL, *self._plan(), ids, limit)

    def rows(self) -> Ids:
        """The rows of the span of time, roughly: the conditions have its exact moments."""
        return span(self.MODEL, self.PREFIX, self.since, self.until)

    def conditions(self) -> list[Condition]:
        """All that is asked for, as conditions of the table's columns."""
        return self._conditions(self.MODEL.__table__.c, self._values())

    def _search(self, _ids: Ids, _limit: int) -> KeysetPage | None:
        """The page where an index of words leads; None where none are sought."""
        return None

    def _plan(self) -> tuple[LeadingIndex, Callable[[Columns], list[Condition]]]:
        """The leading index, and the conditions that it leaves."""
        values = self._values()
        leader, settled = self._leader(values)
        rest = {name: value for name, value in values.items() if name not in settled}
        return leader, lambda columns: self._conditions(columns, rest)

    def _conditions(self, columns: Columns, values: Mapping[str, Any]) -> list[Condition]:
        """That columns have these values, and whatever no index leads."""
        equal = [columns[name] == value for name, value in values.items()]
        return [*equal, *within(columns, self.since, self.until), *self._unindexed(columns)]

    def _values(self) -> dict[str, Any]:
        """The columns that are filtered, with their values."""
        return {name: value for name, value in self._columns().items() if value is not None}

    def _columns(self) -> dict[str, Any]:
        """The value that each column has to have; None is any."""
        raise NotImplementedError

    def _unindexed(self, _columns: Columns) -> list[Condition]:
        """The conditions that no index leads, besides the span of time."""
        return []

    def _leader(self, values: Mapping[str, Any]) -> tuple[LeadingIndex, set[str]]:
        """The leading index, and the columns that it settles."""
        name = next((name for name in self.LEADERS if name in values), None)
        return (LeadingIndex({name: values[name]}), {name}) if name else (LeadingIndex(), set())
