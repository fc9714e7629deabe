"""A damaged SQLite file: an error of its own, with what to do in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import OperationalError

# What SQLite says of a file that it cannot read any more.
_SIGNS = ("file is not a database", "database disk image is malformed")
_ADVICE = (
    "The database file is damaged: {reason}. Stop every process that uses it, keep a copy of it and"
    " of its -wal file, then run `webhooks-ui restore` with a backup. Without a backup,"
    " `sqlite3 webhooks.db .recover` saves what can be read."
)


class DamagedError(OperationalError):
    """Has the `advice` to show. Whatever waits for a database out of reach waits for a restore."""

    def __init__(self, statement: str | None, error: BaseException) -> None:
        self.advice = _ADVICE.format(reason=error)
        super().__init__(statement, None, Exception(self.advice), hide_parameters=True)


@contextmanager
def noticed() -> Iterator[None]:
    """Makes damage a `DamagedError` where the driver is used without SQLAlchemy."""
    try:
        yield
    except Exception as error:
        if _is_damage(error):
            raise DamagedError(None, error) from None
        raise


def watch(engine: Engine) -> None:
    """Makes damage that SQLAlchemy meets a `DamagedError`."""

    @event.listens_for(engine, "handle_error")
    def _handle(context: ExceptionContext) -> None:
        if _is_damage(context.original_exception):
            raise DamagedError(context.statement, context.original_exception)


def _is_damage(error: BaseException) -> bool:
    return any(sign in str(error) for sign in _SIGNS)
