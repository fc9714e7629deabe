"""What holds for the whole installation: its secrets, and the keys they are encrypted under."""

from collections.abc import Iterator
from contextlib import suppress
from string import Formatter
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Select, and_, func, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.crypto.vault import Vault, VaultError, current_vault
from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.database.types import Sealed
from webhooks_ui.models.webhook import Webhook

_SIGNING = select(Webhook.signing_secret).where(Webhook.signing_secret != "")

KEY_CHECK = "installation:key_check"
_BATCH = 100  # rows encrypted again in one transaction

_WRONG = (
    "The encryption keys are not those of this database, which needs the key {id}. Put the"
    " file encryption_keys of this installation back into the data folder, or set"
    " WEBHOOKS_UI_ENCRYPTION_KEYS to its keys."
)


class Installation(Model):
    """One row. `key_check` is encrypted under a key of this installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    key_check: Mapped[str] = mapped_column(Sealed(KEY_CHECK))


def has_secrets() -> bool:
    """Whether something in the database is encrypted; False for one without tables."""
    tables = inspect(db.session.connection())
    found = any(
        tables.has_table(table) and db.session.scalar(text(f"SELECT 1 FROM {table} LIMIT 1"))  # noqa: S608  # no input
        for table in ("installation", "webhooks")
    )
    db.session.rollback()
    return found


def key_problem() -> str | None:
    """Why the stored secrets cannot be decrypted, in words for the operator; None if they can."""
    missing = missing_key()
    return _WRONG.format(id=missing) if missing else None


def missing_key() -> str | None:
    """The id of the key that the stored secrets need and this process has not; None when it has.

    A database of a version without `key_check` is judged by a webhook's signing secret. One whose
    secrets are all encrypted under other keys by now needs the key of `key_check` no more.
    """
    vault, found = current_vault(), db.session.scalar(select(Installation.key_check))
    token = found or db.session.scalar(_SIGNING.limit(1))
    missing = vault.missing_key(token) if token else None
    return None if found and missing and _is_rotated(vault) else missing


def record_keys() -> str | None:
    """Stores `key_check` where its key can be spared or there is none; returns `key_problem`."""
    known = db.session.get(Installation, 1)
    if (problem := key_problem()) or (known and not _is_spared(known)):
        return problem
    with suppress(IntegrityError), transaction():  # another process that starts was quicker
        kept = db.session.get(Installation, 1, with_for_update=True)
        check = current_vault().encrypt("", KEY_CHECK)
        if kept is None:
            db.session.add(Installation(id=1, key_check=check))
        elif _is_spared(kept):
            kept.key_check = check
    return key_problem()


def _is_spared(kept: Installation) -> bool:
    return current_vault().missing_key(kept.key_check) is not None


def _is_rotated(vault: Vault) -> bool:
    """Whether there are secrets, and the keys of all of them."""
    columns = [one for one in sealed_columns() if one.table is not Installation.__table__]
    tokens = {token for one in columns for token in db.session.scalars(_beginnings(one))}
    return bool(tokens) and all(vault.missing_key(token) is None for token in tokens)


def _beginnings(column: Column[Any]) -> Select[str]:
    """Version and key of the column's tokens, with the form of a token, each once."""
    start = func.substr(column, 1, len("v1.01234567."))
    return select(start).where(column != "").distinct()


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


def re_encrypt() -> Iterator[int]:
    """Encrypts under the newest key what is under older ones; how many in each transaction.

    It can be ended at any moment and begun again: each secret can be read all the time. One that
    somebody else changes meanwhile is left as that one has stored it. Raises VaultError.
    """
    for column in sealed_columns():
        while tokens := _encrypt_some(column):
            yield tokens


def _encrypt_some(column: Column[Any]) -> int:
    vault, table, sealed = current_vault(), column.table, cast("Sealed", column.type)
    bound_to = [table.c[name] for _, name, *_ in Formatter().parse(sealed.context) if name]
    (row_id,) = table.primary_key
    wanted = select(row_id, column, *bound_to).where(_is_older(column)).limit(_BATCH)
    with transaction():
        rows = db.session.execute(wanted.with_for_update()).all()
        for row in rows:
            context = sealed.context.format_map({one.name: row._mapping[one] for one in bound_to})
            try:
                token = vault.encrypt(vault.decrypt(row[1], context), context)
            except VaultError as error:
                raise VaultError(f"{column} of the row {row[0]}: {error}") from None
            same = row_id == row[0], column == row[1]
            db.session.execute(update(table).where(*same).values({column: token}))
    return len(rows)


def _is_older(column: Column[Any]) -> ColumnElement[bool]:
    start = func.substr(column, 1, len(current_vault().newest_start))
    return and_(column != "", start != current_vault().newest_start)
