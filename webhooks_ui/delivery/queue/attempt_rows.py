"""Attempts as the rows that they become.

They are made before the database is locked, and go in as they are: what the mapped class does for
each value of each row would take longer than the database needs for it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, column, insert, inspect, table

from webhooks_ui.database.types import Instant
from webhooks_ui.models import Attempt

Row = dict[str, Any]

_MAPPED = {
    attribute.key: attribute.columns[0]
    for attribute in inspect(Attempt).column_attrs
    if attribute.key not in ("id", "delivery_id")
}
_NAMES = {key: mapped.name for key, mapped in _MAPPED.items()}
_JSON = [key for key, mapped in _MAPPED.items() if isinstance(mapped.type, JSON)]
_INSTANTS = [key for key, mapped in _MAPPED.items() if isinstance(mapped.type, Instant)]
# Columns without types: the values are what the database keeps.
_INSERT = insert(table("attempts", column("delivery_id"), *map(column, _NAMES.values())))
_encode = json.JSONEncoder(separators=(",", ":")).encode


def stored(attempt: Mapping[str, Any]) -> Row:
    """The row of an attempt, but for its delivery."""
    values = dict(attempt)
    for key in _JSON:
        if values[key] is not None:
            values[key] = _encode(values[key]) if values[key] else str(values[key])
    for key in _INSTANTS:
        values[key] = milliseconds(values[key])
    return {name: values[key] for key, name in _NAMES.items()}


def keep(connection: Connection, rows: Sequence[Row]) -> None:
    """Inserts rows, each with its `delivery_id`."""
    connection.execute(_INSERT, rows)


def milliseconds(moment: datetime | None) -> int | None:
    """A moment as `Instant` keeps it."""
    return None if moment is None else int(moment.timestamp() * 1000)
