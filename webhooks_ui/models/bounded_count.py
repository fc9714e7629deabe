"""Counts that stop at a limit, so that they cost the same however long the table is."""

from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from webhooks_ui.database.engine import db

MAX_COUNTED = 10_000
"""The largest count that is shown; above it a page says “10,000+”."""


def count(rows: Select[Any], limit: int | None = MAX_COUNTED) -> int:
    """How many rows there are, `limit` at most."""
    return db.session.scalar(select(counted(rows, limit))) or 0


def counted(rows: Select[Any], limit: int | None) -> ScalarSelect[int]:
    """The same count, as a part of a statement."""
    return select(func.count()).select_from(rows.limit(limit).subquery()).scalar_subquery()
