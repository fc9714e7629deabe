"""Stores requests of sources, with what each became, in the commit of the events.

A request whose source has just been deleted leaves no row behind.
"""

from collections.abc import Sequence
from typing import Any

from webhooks_ui.intake.statements import with_rows
from webhooks_ui.models.source import KEPT_REQUESTS, RequestRow

_COLUMNS = RequestRow._fields
_INTO = f"INSERT INTO source_requests ({', '.join(_COLUMNS)})"
_GIVEN = ", ".join(f"given.{name}" for name in _COLUMNS)
_KNOWN = "JOIN sources ON sources.id = given.source_id ORDER BY given.number"
_IN_SQLITE = f"{_INTO} SELECT {_GIVEN} FROM given {_KNOWN}"  # noqa: S608  # our own names
_TYPES = ("bigint", *["text"] * 5, "bytea", "bigint", "text", "bigint")
_ARRAYS = ", ".join(f"%s::{kind}[]" for kind in _TYPES)
_IN_POSTGRESQL = f"""
    {_INTO} SELECT {_GIVEN.replace("given.became", "given.became::json")}
    FROM unnest({_ARRAYS}) WITH ORDINALITY AS given({", ".join(_COLUMNS)}, number) {_KNOWN}
"""  # noqa: S608
_OLD = f"""
    SELECT id FROM source_requests WHERE source_id = ? AND id <=
      (SELECT id FROM source_requests WHERE source_id = ?
       ORDER BY id DESC LIMIT 1 OFFSET {KEPT_REQUESTS})
"""  # noqa: S608  # our own number
_FORGET = f"DELETE FROM source_requests WHERE id IN ({_OLD})"  # noqa: S608
# Another process forgets the same ones: to wait for it could end in a deadlock.
_SKIP = _FORGET.replace("?", "%s").removesuffix(")") + " FOR UPDATE SKIP LOCKED)"


def in_sqlite(cursor: Any, rows: Sequence[RequestRow]) -> None:
    """Adds the requests, and forgets those that are too many for their sources."""
    values = [value for row in rows for value in row]
    cursor.execute(with_rows(_IN_SQLITE, "given", _COLUMNS, len(rows)), values)
    for source in {row.source_id for row in rows}:
        cursor.execute(_FORGET, (source, source))


def in_postgresql(cursor: Any, rows: Sequence[RequestRow]) -> None:
    """The same, within the caller's transaction."""
    cursor.execute(_IN_POSTGRESQL, [*map(list, zip(*rows, strict=True))])
    for source in {row.source_id for row in rows}:
        cursor.execute(_SKIP, (source, source))
