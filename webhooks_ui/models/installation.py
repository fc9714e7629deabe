"""What holds for the whole installation: under which keys its secrets are encrypted."""

from sqlalchemy import Text, inspect, select, text
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import Model, db, transaction

_WRONG = (
    "The encryption keys are not those of this database, which needs the key {id}. Put the"
    " file encryption_keys of this installation back into the data folder, or set"
    " WEBHOOKS_UI_ENCRYPTION_KEYS to its keys."
)


class Installation(Model):
    """One row. `key_check` is encrypted under a key of this installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    key_check: Mapped[str] = mapped_column(Text)


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
    """Why the stored secrets cannot be decrypted, in one line for the operator; None when they can.

    A database of a version without `key_check` is judged by a webhook's signing secret.
    """
    token = db.session.scalar(select(Installation.key_check)) or db.session.scalar(
        text("SELECT signing_secret FROM webhooks WHERE signing_secret <> '' LIMIT 1")
    )
    missing = current_vault().missing_key(token) if token else None
    return _WRONG.format(id=missing) if missing else None


def record_keys() -> str | None:
    """Stores `key_check` where there is none yet; returns `key_problem`."""
    if (problem := key_problem()) or db.session.get(Installation, 1):
        return problem
    with transaction():
        if db.session.get(Installation, 1, with_for_update=True) is None:
            check = current_vault().encrypt("", "installation:key_check")
            db.session.add(Installation(id=1, key_check=check))
    return key_problem()
