"""The secrets of the whole database: where they are, and how they come under a new key."""

from collections.abc import Iterator
from string import Formatter
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, func, select, update

from webhooks_ui.crypto.vault import VaultError, current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import Sealed

_BATCH = 100  # rows encrypted anew in one transaction


def sealed_columns() -> list[Column[Any]]:
    """Every encrypted column of every table, by its type."""
    tables = db.metadata.sorted_tables
    return [one for table in tables for one in table.columns if isinstance(one.type, Sealed)]


def under_older_keys() -> int:
    """How many stored secrets are encrypted under another key than the newest."""
    found = (
        db.session.scalar(select(func.count()).where(_is_older(one))) for one in sealed_columns()
    )
    return sum(count or 0 for count in found)


def encrypt_anew() -> Iterator[int]:
    """Encrypts under the newest key what is under older ones; how many in each transaction.

    It can be ended at any moment and begun again: each secret can be read all the time. One that
    somebody else changes meanwhile is left as that one has stored it. Raises VaultError.
    """
    for column in sealed_columns():
        while tokens := _encrypt_some(column):
            yield tokens


def _encrypt_some(column: Column[Any]) -> int:
    vault, table, context_form = current_vault(), column.table, _context(column)
    bound_to = [table.c[name] for _, name, *_ in Formatter().parse(context_form) if name]
    (row_id,) = table.primary_key
    wanted = select(row_id, column, *bound_to).where(_is_older(column)).limit(_BATCH)
    with transaction():
        rows = db.session.execute(wanted.with_for_update()).all()
        for row in rows:
            context = context_form.format_map({one.name: row._mapping[one] for one in bound_to})
            try:
                token = vault.encrypt(vault.decrypt(row[1], context), context)
            except VaultError as error:
                raise VaultError(f"{column} of the row {row[0]}: {error}") from None
            same = row_id == row[0], column == row[1]
            db.session.execute(update(table).where(*same).values({column: token}))
    return len(rows)


def _context(column: Column[Any]) -> str:
    sealed: Any = column.type
    return str(sealed.context)


def _is_older(column: Column[Any]) -> ColumnElement[bool]:
    start = func.substr(column, 1, len(current_vault().newest_start))
    return and_(column != "", start != current_vault().newest_start)
