"""The beginning and the end of a process with an app."""

import gc

from flask import Flask

from webhooks_ui.database.engine import db


def settle() -> None:
    """Keeps the garbage collector from walking what start-up made, which lives to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def close(app: Flask) -> None:
    """Waits for the tests under way, then closes the receivers' and the database's connections."""
    app.extensions["tests"].close()
    app.extensions["sender"].close()
    with app.app_context():
        db.engine.dispose()
