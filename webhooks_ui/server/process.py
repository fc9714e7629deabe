"""Start-up and shutdown of a process."""

import gc
import signal
import sys
from typing import NoReturn

from flask import Flask

from webhooks_ui.crypto.keys import KeyFileError
from webhooks_ui.database.engine import db
from webhooks_ui.models import installation


def exit_on_stop() -> None:
    """Makes SIGTERM and SIGINT raise SystemExit, with exit status 0."""
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)


def freeze_garbage_collector() -> None:
    """Exempts what start-up made, which lives to the end, from garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def check_keys(app: Flask) -> None:
    """Raises `KeyFileError` where the database was encrypted under other keys than the app has."""
    with app.app_context():
        if problem := installation.record_keys():
            raise KeyFileError(problem)


def close(app: Flask) -> None:
    """Waits for the pings in flight, then closes the receivers' and the database's connections."""
    app.extensions["pings"].close()
    app.extensions["sender"].close()
    with app.app_context():
        db.engine.dispose()


def _exit(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)
