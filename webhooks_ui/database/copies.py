"""The kinds of databases that can be copied."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from webhooks_ui.database.postgres_copy import PostgresDatabase
from webhooks_ui.database.sqlite_copy import SqliteDatabase


def database_of(url: str, parameters: Mapping[str, str]) -> SqliteDatabase | PostgresDatabase:
    """The database of a URL; `parameters` are further ones of libpq."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteDatabase(Path(parsed.database or ""))
    return PostgresDatabase(parsed, parameters)
