"""The session of a request or job.

On PostgreSQL it reads without a transaction: each statement sees what is committed, as in a
transaction there, without a BEGIN and a ROLLBACK on the way. Psycopg forgets at a ROLLBACK what the
server has prepared and planned. Whoever writes opens an `engine.transaction`.
"""

from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy.session import Session
from sqlalchemy import Engine

_EXTENSION = "reading_engine"


class ReadingSession(Session):
    """Reads by the engine that `init_app` chose."""

    def get_bind(self, *_: Any, **__: Any) -> Engine:
        """The engine of every statement: there is one database."""
        engine: Engine = current_app.extensions[_EXTENSION]
        return engine


def init_app(app: Flask, engine: Engine) -> None:
    """Has the app's sessions read from this engine."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    app.extensions[_EXTENSION] = engine


def writing(engine: Engine) -> dict[str, Any]:
    """The execution options with which a session's connection is in a transaction."""
    is_postgres = engine.dialect.name == "postgresql"
    return {"isolation_level": "READ COMMITTED"} if is_postgres else {"writes": True}
