"""Start-up and shutdown of a process."""

import ctypes
import gc
import logging
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from flask import Flask

from webhooks_ui import audit
from webhooks_ui.crypto.keys import KeyFileError
from webhooks_ui.database import migrate
from webhooks_ui.database.engine import db
from webhooks_ui.models import installation
from webhooks_ui.settings.open_files import ENOUGH, OpenFiles
from webhooks_ui.sources import request_log

_M_ARENA_MAX, _ARENAS = -8, 2  # mallopt(3)

log = logging.getLogger(__name__)


def exit_on_stop() -> None:
    """Makes SIGTERM and SIGINT raise SystemExit, with exit status 0."""
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)


def freeze_garbage_collector() -> None:
    """Exempts what start-up made, which lives to the end, from garbage collection.

    What is left are the cycles of a few pages: often and little of it, so that no answer waits
    long. With 50,000 objects at a time one page of the list of webhooks in 18 took 15 ms more.
    """
    gc.freeze()  # without a look before: hardly anything of it is garbage
    gc.set_threshold(5_000, 20, 20)
    gc.enable()  # `serve` and `worker` start without


def share_arenas() -> None:
    """Has all threads take memory from two arenas of glibc, before there are threads.

    It has eight for each core, for threads that run at the same time, which the interpreter's lock
    lets few do; what each keeps for itself was a tenth of console and worker after a day.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def open_files(app: Flask) -> OpenFiles:
    """How many files each part of this process may open; warns where they are few."""
    found: OpenFiles = app.config["OPEN_FILES"]
    if found.is_short:
        log.warning(
            "Only %s files may be open: %s connections or %s attempts at once. Raise the limit"
            " (ulimit -n, LimitNOFILE=) to %s.",
            *(found.limit, found.connections, found.attempts, ENOUGH),
        )
    return found


def upgrade(app: Flask) -> None:
    """Brings the database to this program's schema, and notes it in the audit log.

    Raises `SchemaError` for a database that a newer version has made.
    """
    if revision := migrate.upgrade(app):
        with app.app_context():
            audit.record("database.migrated", "database", revision)


def check_keys(app: Flask) -> None:
    """Raises `KeyFileError` where the database was encrypted under other keys than the app has."""
    with app.app_context():
        if problem := installation.record_keys():
            raise KeyFileError(problem)


def prepare_fork(app: Flask) -> None:
    """Leaves nothing open that a process forked from here must not share.

    What was imported stays in pages that both processes share for as long as none writes to them.
    """
    with app.app_context():
        db.engine.dispose()
    gc.freeze()  # the collector writes to what it looks at


def close(app: Flask) -> None:
    """Waits for pings and e-mail in flight, stores what is noted, then closes connections."""
    app.extensions["pings"].close()
    request_log.close(app)
    if postman := app.extensions.get("account_mail"):  # an app without pages has none
        postman.close()
    app.extensions["sender"].close()
    with app.app_context():
        db.engine.dispose()


def _exit(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)
