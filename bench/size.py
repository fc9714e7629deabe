"""Bytes on disk per delivery; the figures are in docs/operations.md."""

from sqlalchemy import text

from bench.stage import accept, app_on, receiving, until_finished, webhooks, working
from webhooks_ui.database import vacuum
from webhooks_ui.database.engine import db

EVENTS, FAN_OUT = 3_000, 3


def size(database: str) -> dict[str, float]:
    """Events of 1.4 KB, each for three webhooks that answer with 200 bytes at the first attempt."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, *(f"{receiver.url}/typical/{n}" for n in range(FAN_OUT)))
        with app.app_context():
            before = bytes_on_disk()
        accept(app, EVENTS)
        with working(app):
            until_finished(app, EVENTS * FAN_OUT)
        with app.app_context():
            taken = bytes_on_disk() - before
    return {"bytes/delivery": taken / (EVENTS * FAN_OUT), "bytes/event": taken / EVENTS}


def bytes_on_disk() -> int:
    """The size of the database on disk, without its write-ahead log."""
    if db.engine.dialect.name == "sqlite":
        vacuum.checkpoint()
        return vacuum.size()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM"))
        found = connection.execute(text("SELECT pg_database_size(current_database())"))
        return int(found.scalar_one())
