"""How the database is set up, and what happens when it is busy."""

import sqlite3
import sys
import threading
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.requirements import Requirement
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.conftest import make_webhook, sign_in, stored
from webhooks_ui.database import driver, engine
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake.accept import accept
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.models import Channel
from webhooks_ui.views import monitoring


def test_sqlite_is_set_up_to_lose_nothing(app: Flask) -> None:
    with app.app_context():
        pragmas = {
            name: db.session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_intake_leaves_the_log_of_writes_to_others(app: Flask) -> None:
    """Senders wait for its commits; nobody does for the worker's."""
    event = IncomingEvent("message_created", b'"%s"' % (b"x" * 60_000))
    with app.app_context():
        file = Path(str(db.engine.url.database))
        before = file.stat().st_size
        accept([event] * 100)  # 6 MB
        assert file.stat().st_size == before
        with transaction():
            db.session.add(Channel(key="1", name="one"))
        assert file.stat().st_size > before + 5_000_000


def test_the_wheel_with_sqlite_is_asked_for_only_where_there_is_one() -> None:
    """On ARM64 it would have to be compiled."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    needed = [Requirement(one) for one in project["dependencies"]]
    (own,) = (one.marker for one in needed if one.name == "pysqlite3")
    assert own
    linux = {"sys_platform": "linux", "platform_python_implementation": "CPython"}
    machines = ("x86_64", "aarch64", "armv7l", "ppc64le", "riscv64")
    wanted = [each for each in machines if own.evaluate(linux | {"platform_machine": each})]
    assert wanted == ["x86_64"]


def test_without_the_wheel_the_system_s_sqlite_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    assert driver.sqlite_module() is sqlite3


def test_a_writer_takes_the_lock_before_it_reads(app: Flask) -> None:
    """Else two that read first and write later would fail at once, whatever the busy time-out."""
    done = threading.Barrier(2)
    failures: list[BaseException] = []

    def write(key: str) -> None:
        try:
            with app.app_context():
                for number in range(20):
                    with transaction():
                        Channel.choices()
                        db.session.add(Channel(key=f"{key}-{number}", name=key))
        except BaseException as error:
            failures.append(error)
        done.wait(30)

    threads = [threading.Thread(target=write, args=(key,)) for key in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    with app.app_context():
        assert len(Channel.choices()) == 40


def test_a_transaction_that_fails_leaves_nothing(app: Flask) -> None:
    def fail() -> None:
        with transaction():
            db.session.add(Channel(key="half", name="Half"))
            db.session.flush()
            raise RuntimeError("in the middle")

    with app.app_context():
        with pytest.raises(RuntimeError):
            fail()
        assert Channel.choices() == []


def test_a_locked_database_is_said_in_words_and_nothing_is_lost(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", timedelta(milliseconds=50))
    app = make_app()
    admin: FlaskClient = sign_in(app, "olena")
    public_id = make_webhook(admin)
    with app.app_context():
        # Of the same library: two that are loaded into one process do not see each other's locks.
        other = db.engine.raw_connection()
    other.cursor().execute("BEGIN IMMEDIATE")

    answer = admin.post(f"/webhooks/{public_id}/disable")
    reading = admin.get("/webhooks")
    other.cursor().execute("ROLLBACK")
    other.close()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "look first whether it was done" in answer.text
    assert reading.status_code == 200
    assert stored(app, public_id).enabled
    assert admin.post(f"/webhooks/{public_id}/disable").status_code == 303


def test_ready_says_whether_the_database_can_be_reached(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    assert client.get("/healthz").status_code == 200
    monkeypatch.setattr(monitoring, "ping", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "database out of reach"})
