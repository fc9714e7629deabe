"""Stores requests of sources, with what each became, in the commit of the events.

Each adds a row, and forgets what is then too much for its source. A request whose source has just
been deleted leaves no row behind.
"""

from collections.abc import Sequence
from typing import Any

from webhooks_ui.intake.statements import with_rows
from webhooks_ui.models.source import KEPT_REQUESTS, RequestRow

_NAMES = RequestRow._fields
_COLUMNS = ", ".join(_NAMES)
_IN_SQLITE = f"""
    INSERT INTO source_requests ({_COLUMNS})
    SELECT {_COLUMNS} FROM given WHERE source_id IN (SELECT id FROM sources) ORDER BY number
"""  # noqa: S608  # our own names
_FORGET = f"""
    DELETE FROM source_requests WHERE source_id = ? AND id <= (
      SELECT id FROM source_requests WHERE source_id = ?
      ORDER BY id DESC LIMIT 1 OFFSET {KEPT_REQUESTS})
"""  # noqa: S608
_TYPES = ("bigint", *["text"] * 3, "json", "text", "bytea", "bigint", "text", "bigint")
# It sees what was there before. Another process forgets the same rows: to wait for it could end in
# a deadlock.
_IN_POSTGRESQL = f"""
    WITH given ({_COLUMNS}) AS (SELECT {", ".join(f"%s::{kind}" for kind in _TYPES)}),
    added AS (INSERT INTO source_requests ({_COLUMNS})
      SELECT {_COLUMNS} FROM given WHERE source_id IN (SELECT id FROM sources))
    DELETE FROM source_requests WHERE id IN (
      SELECT id FROM source_requests WHERE source_id = %s AND id <= (
        SELECT id FROM source_requests WHERE source_id = %s
        ORDER BY id DESC LIMIT 1 OFFSET {KEPT_REQUESTS - 1})
      FOR UPDATE SKIP LOCKED)
"""  # noqa: S608


def in_sqlite(cursor: Any, rows: Sequence[RequestRow]) -> None:
    """Stores them within the caller's transaction."""
    values = [value for row in rows for value in row]
    cursor.execute(with_rows(_IN_SQLITE, "given", _NAMES, len(rows)), values)
    for source in {row.source_id for row in rows}:
        cursor.execute(_FORGET, (source, source))


def in_postgresql(cursor: Any, rows: Sequence[RequestRow]) -> None:
    """Stores them within the caller's transaction."""
    for row in rows:
        cursor.execute(_IN_POSTGRESQL, (*row, row.source_id, row.source_id))
