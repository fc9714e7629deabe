"""A database file that is damaged while the program runs: words, one line in the log, no 500."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import caller, issue
from tests.api.test_take_events import EVENT
from tests.conftest import make_webhook
from tests.engine.conftest import working
from tests.support.waiting import wait_until
from webhooks_ui.database.damage import DamagedError
from webhooks_ui.database.engine import db
from webhooks_ui.delivery.worker import loop


def damage(app: Flask) -> None:
    """Overwrites every page behind the first, as a broken disk does."""
    with app.app_context():
        connection = db.engine.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        db.engine.dispose()
    file = Path(app.config["DATA_DIR"], "webhooks.db")
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    file.write_bytes(content)


@pytest.fixture
def token(app: Flask) -> str:
    return issue(app, "admin")


@pytest.fixture
def damaged(app: Flask, admin: FlaskClient, token: str) -> Flask:
    make_webhook(admin)
    damage(app)
    return app


def test_pages_and_answers_say_so(
    damaged: Flask, admin: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/webhooks", "/events", "/settings/account"):
        answer = admin.get(path)
        assert answer.status_code == 503
        assert "The database is damaged." in answer.text
        assert "Retry-After" not in answer.headers
    refused = caller(damaged, token)("POST", "/events", EVENT)
    assert (refused.status_code, refused.mimetype) == (503, "application/problem+json")
    assert "damaged" in refused.json["detail"]
    assert damaged.test_client().get("/readyz").json == {"status": "database damaged"}
    assert damaged.test_client().get("/healthz").status_code == 200

    lines = [record for record in caplog.records if record.name.startswith("webhooks_ui")]
    assert len(lines) == 4
    for record in lines:
        assert record.exc_info is None
        assert "The database file is damaged" in record.getMessage()
        assert "webhooks-ui restore" in record.getMessage()


def test_the_worker_goes_on_and_says_so(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(loop, "BACK_OFF", 0.1)
    with working(app):
        damage(app)
        wait_until(lambda: caplog.text.count("is damaged") >= 2, what="two tries")
    assert "Traceback" not in caplog.text


def test_it_is_an_error_of_its_own(damaged: Flask) -> None:
    with damaged.app_context(), pytest.raises(DamagedError):
        db.session.execute(db.text("SELECT * FROM webhooks, events, deliveries")).all()
