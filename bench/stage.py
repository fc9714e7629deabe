"""Set-up shared by the benchmarks: an app, webhooks, a receiver process, events of 1.4 KB."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy import func, select, text

from bench.processes import parent_of
from tests.engine.conftest import subscribe
from webhooks_ui import create_app
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.models import Delivery
from webhooks_ui.models.delivery import OPEN
from webhooks_ui.server import process

HERE = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-m", "webhooks_ui")
EVENT = IncomingEvent("message_created", json.dumps({"content": "x" * 1400}).encode())


class Receiver:
    """The receiver's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.receiver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self._line()}"

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def arrivals(self) -> list[tuple[str, float]]:
        """Path and time.monotonic of each request since the last call."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return [(path, at) for path, at in json.loads(self._line())]

    def close(self) -> None:
        """Stops the process."""
        if self._process.poll() is None:
            self._process.communicate(timeout=10)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that runs during the block."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


@contextmanager
def app_on(database: str, **settings: Any) -> Iterator[Flask]:
    """An app on an empty database: ``sqlite``, or the URL of a PostgreSQL one."""
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"DATA_DIR": Path(folder), "ALLOWED_NETWORKS": ("127.0.0.1",)}
        if database != "sqlite":
            given["DATABASE_URL"] = database
        app = create_app({**given, **settings})
        upgrade(app)
        try:
            yield app
        finally:
            if database != "sqlite":
                with app.app_context(), db.engine.begin() as connection:
                    tables = ", ".join(db.metadata.tables)
                    connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            process.close(app)


def webhooks(app: Flask, *urls: str) -> None:
    """A webhook for each URL."""
    for url in urls:
        subscribe(app, url)


def accept(app: Flask, count: int) -> float:
    """Takes in `count` events in batches of 100; returns the seconds it took."""
    start = time.perf_counter()
    with app.app_context():
        for _ in range(count // 100):
            intake.accept([EVENT] * 100)
        if count % 100:
            intake.accept([EVENT] * (count % 100))
    return time.perf_counter() - start


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """A worker in a thread of this process."""
    worker = Worker(app)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


@contextmanager
def workers(app: Flask, count: int, core: str) -> Iterator[list[int]]:
    """Runs `webhooks-ui worker` so many times, with this WORKER_CORE; their process ids."""
    environ = environ_of(app) | {"WEBHOOKS_UI_WORKER_CORE": core}
    running = [subprocess.Popen([*PROGRAM, "worker"], env=environ) for _ in range(count)]
    try:
        yield [worker.pid for worker in running]
    finally:
        for worker in running:
            worker.terminate()
        for worker in running:
            worker.wait()


@contextmanager
def serving(app: Flask) -> Iterator[tuple[int, int]]:
    """Runs `webhooks-ui serve` with its worker; its port and the console's process id."""
    program = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"],
        env=environ_of(app),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert program.stdout
        yield int(program.stdout.readline().rpartition(":")[2]), program.pid
    finally:
        program.terminate()
        program.communicate()


def environ_of(app: Flask) -> dict[str, str]:
    """The settings of a program that runs on the app's database."""
    return {
        "PYTHONUNBUFFERED": "1",
        "WEBHOOKS_UI_DATA_DIR": str(app.config["DATA_DIR"]),
        "WEBHOOKS_UI_DATABASE_URL": app.config["DATABASE_URL"],
        "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
    }


def posted(order: dict[str, Any]) -> dict[str, list[float]]:
    """What the posters' process says of this order."""
    command = [sys.executable, "-m", "bench.posters"]
    done = subprocess.run(
        command, cwd=HERE, input=json.dumps(order), stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def finished(app: Flask) -> int:
    """How many deliveries have ended, derived from the open ones, which have an index."""
    with app.app_context():
        newest = db.session.scalar(select(func.max(Delivery.id))) or 0
        left = select(func.count()).where(text(OPEN)).select_from(Delivery)
        return newest - (db.session.scalar(left) or 0)


def until_finished(app: Flask, count: int) -> float:
    """Waits until so many have ended; returns the time.perf_counter of that moment."""
    while finished(app) < count:
        time.sleep(0.02)
    return time.perf_counter()


def analyse(app: Flask) -> None:
    """Does what PostgreSQL does by itself after a while.

    Its autovacuum updates statistics; a checkpoint has segments of its log used again, whereas to
    make a new one holds up all commits.
    """
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
                connection.execute(text("CHECKPOINT"))


def server_of(app: Flask) -> int | None:
    """The process that has started all of PostgreSQL's, on this machine; None on SQLite."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return None
        with db.engine.connect() as connection:
            return parent_of(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
