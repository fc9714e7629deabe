"""The end of an app: what it holds open is closed."""

from flask import Flask

from webhooks_ui.database import db


def close(app: Flask) -> None:
    """Waits for the tests under way, then closes the receivers' and the database's connections."""
    app.extensions["tests"].close()
    app.extensions["sender"].close()
    with app.app_context():
        db.engine.dispose()
