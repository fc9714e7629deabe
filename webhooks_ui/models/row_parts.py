"""Parts of a row by name: columns of a model that are read as a named tuple."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.orm import Bundle


class Part(Bundle[Any]):
    """The columns of `model` that `kind`, a NamedTuple, names, read as one of it.

    None where an outer join found no row: the first column is one that is never null.
    """

    def __init__(self, kind: Any, model: Any) -> None:
        super().__init__(kind.__name__, *(getattr(model, name) for name in kind._fields))
        self._kind = kind

    def create_row_processor(
        self,
        query: Select[Any],
        procs: Sequence[Callable[[Row[Any]], Any]],
        labels: Sequence[str],
    ) -> Callable[[Row[Any]], Any]:
        """Called by SQLAlchemy once for each statement."""
        kind = self._kind

        def read(row: Row[Any]) -> Any:
            values = [read_column(row) for read_column in procs]
            return None if values[0] is None else kind(*values)

        return read
