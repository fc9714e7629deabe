"""Facts about the running program: versions, the database, keys, settings."""

import os
import platform
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, is_sqlite
from webhooks_ui.database.types import now
from webhooks_ui.settings.table import PREFIX, SETTINGS, Setting
from webhooks_ui.version import __version__


def program() -> str:
    """Version of the program and of Python."""
    return f"webhooks-ui {__version__}, Python {platform.python_version()}"


def database() -> str:
    """The database with its version, such as “SQLite 3.53.0”."""
    if version := sqlite_version():
        return "SQLite " + ".".join(map(str, version))
    return f"PostgreSQL {db.session.scalar(text('SHOW server_version'))}"


def schema() -> str:
    """The revision of the database's schema."""
    return str(db.session.scalar(text("SELECT version_num FROM alembic_version")))


def sqlite_version() -> tuple[int, ...] | None:
    """The version of SQLite; None for PostgreSQL."""
    if not is_sqlite():
        return None
    version: str = db.session.scalar(text("SELECT sqlite_version()"))
    return tuple(map(int, version.split(".")))


def clock_difference() -> timedelta | None:
    """How much the database's clock is ahead of ours; None where it is the same clock."""
    if is_sqlite():
        return None
    before = now()
    theirs: datetime = db.session.scalar(text("SELECT clock_timestamp()"))
    return theirs - before - (now() - before) / 2


def key_ids() -> Sequence[str]:
    """The ids of the encryption keys, newest first."""
    return current_vault().key_ids


def given_settings() -> list[tuple[Setting, str | None]]:
    """Each setting with the text given for it; None for the default, "…" for a secret."""
    return [(setting, _given(setting)) for setting in SETTINGS]


def _given(setting: Setting) -> str | None:
    name = PREFIX + setting.name
    value = os.environ.get(name)
    if not value and not os.environ.get(f"{name}_FILE"):
        return None
    return "…" if setting.secret or not value else value
