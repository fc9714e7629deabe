"""The WSGI app for other servers: `gunicorn -w 2 "webhooks_ui.server.application:load()"`.

In a checkout `app.py` has it as `app:app`. Workers run beside it: `webhooks-ui worker`.
"""

import os
import sys
from typing import NoReturn

from flask import Flask

from webhooks_ui import create_app
from webhooks_ui.crypto.keys import KeyFileError
from webhooks_ui.database import migrate
from webhooks_ui.database.engine import UNREACHABLE, db
from webhooks_ui.monitoring import logs, metrics
from webhooks_ui.server import process
from webhooks_ui.settings.table import SettingError
from webhooks_ui.web import compiled_templates

BOOT_ERROR = 3  # the exit status with which a worker of gunicorn ends all of gunicorn


def load() -> Flask:
    """The app, with its log and with metrics shared by all processes of the data folder.

    A wrong setting or key, or a database without this version's schema, ends the process with one
    line on standard error.
    """
    os.umask(0o077)  # files are readable by their owner only
    try:
        app = create_app()
        migrate.prepare_migrations(app)
        if not os.environ.get("FLASK_RUN_FROM_CLI"):  # `flask db` works on any schema
            _check(app)
    except (SettingError, KeyFileError, migrate.SchemaError) as error:
        _end(str(error))
    except UNREACHABLE as error:  # on the first start: whether keys may be made is not known
        _end(f"The database is out of reach: {error.args[0]}")
    logs.set_up(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"])
    metrics.share(app.config["DATA_DIR"])
    compiled_templates.keep(app)
    return app


def _end(line: str) -> NoReturn:
    sys.stderr.write(f"{' '.join(line.split())}\n")
    sys.exit(BOOT_ERROR)


def _check(app: Flask) -> None:
    """Raises `SchemaError` or `KeyFileError`; a database that is away may come later."""
    try:
        with app.app_context():
            migrate.require_current()
        process.check_keys(app)
    except UNREACHABLE:
        return
    finally:
        with app.app_context():
            db.engine.dispose()  # processes that are forked from here share no connection
