"""The statements that an app's database is asked, as SQLAlchemy sends them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from webhooks_ui.database.engine import db


@contextmanager
def asked_of(app: Flask) -> Iterator[list[str]]:
    """Those of the block, in their order."""
    asked: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
