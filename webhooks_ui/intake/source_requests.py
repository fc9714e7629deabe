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
_TYPES = ("bigint", *["text"] * 4, "text", "bytea", "bigint", "text", "bigint")
COLUMNS = {f"request_{name}": kind for name, kind in zip(_NAMES, _TYPES, strict=True)}
"""What is given of each request, with PostgreSQL's types: parameters, an array each."""
# What it deletes is of those that were there before. Another process forgets the same rows: to wait
# for it could end in a deadlock.
IN_POSTGRESQL = f"""
    requests AS (SELECT * FROM unnest({", ".join(f"%({n})s::{COLUMNS[n]}[]" for n in COLUMNS)})
      WITH ORDINALITY AS requests({_COLUMNS}, number)),
    recorded AS (INSERT INTO source_requests ({_COLUMNS})
      SELECT {_COLUMNS.replace("became", "became.lines")} FROM requests CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object(
          'type', one->'type', 'event_id', one->'event_id',
          'deliveries', coalesce(to_json(made.deliveries_count), one->'deliveries'),
          'duplicate', one->'duplicate') ORDER BY place), '[]') AS lines
        FROM json_array_elements(became::json) WITH ORDINALITY AS lines(one, place)
        LEFT JOIN made ON made.public_id = one->>'event_id') AS became
      WHERE source_id IN (SELECT id FROM sources) ORDER BY number),
    forgotten AS (DELETE FROM source_requests WHERE id IN (
      SELECT former.id FROM (
        SELECT source_id, count(*) AS added FROM requests GROUP BY source_id
      ) AS own CROSS JOIN LATERAL (
        SELECT id FROM source_requests WHERE source_id = own.source_id AND id <= (
          SELECT id FROM source_requests WHERE source_id = own.source_id
          ORDER BY id DESC LIMIT 1 OFFSET greatest({KEPT_REQUESTS} - own.added, 0))
        FOR UPDATE SKIP LOCKED) AS former))
"""  # noqa: S608  # our own names
"""Expressions of a statement that has the new events as `made`, with their `deliveries_count`."""
ALONE = f"""
    WITH made AS (SELECT '' AS public_id, 0 AS deliveries_count LIMIT 0), {IN_POSTGRESQL} SELECT 1
"""


def in_sqlite(cursor: Any, rows: Sequence[RequestRow]) -> None:
    """Stores them within the caller's transaction."""
    values = [value for row in rows for value in row]
    cursor.execute(with_rows(_IN_SQLITE, "given", _NAMES, len(rows)), values)
    for source in {row.source_id for row in rows}:
        cursor.execute(_FORGET, (source, source))
