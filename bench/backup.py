"""`backup` while a console takes in 200 events a second and delivers them; `restore` elsewhere."""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url, select

from bench.beside import Console, Figures
from bench.stage import HERE, percentile, receiving
from tools.provide import find_postgres
from webhooks_ui import create_app
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.models import Event
from webhooks_ui.server import process

THERE = 40_000  # events of 1.4 KB before the first one is posted
CONNECTIONS = 32  # enough for the rate while an answer takes 160 ms
RATE, CALM, SECONDS = 200, 10, 40  # events a second; seconds before the first backup, and in all


def backing_up(database: str) -> Figures:
    """Answer times without and during backups, and what of the acknowledged is not in the last."""
    if programs := find_postgres():
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    urls = [_empty(database, name) for name in ("backed_up", "restored")]
    with tempfile.TemporaryDirectory() as name, receiving() as receiver:
        folder = Path(name)
        _fill(folder / "data", urls[0])
        console = Console(HERE, folder / "data", urls[0], None)
        try:
            console.subscribe(f"{receiver.url}/numbered")
            posted, backups = _post_and_back_up(console, folder / "hooks.backup")
        finally:
            console.close()
        size = (folder / "hooks.backup").stat().st_size
        started = time.monotonic()
        _restore(folder, urls[1])
        found = {"restore s": time.monotonic() - started, "backup MB": size / 1e6}
        found["answered before, not restored"] = float(
            sum(at < backups[-1][0] for at in posted["answered"])
            - len(_numbers(folder / "new", urls[1], posted, backups[-1][0]))
        )
        again = Console(HERE, folder / "new", urls[1], None)  # it serves
        again.close()
    return _times(posted, backups) | found


def _empty(database: str, name: str) -> str:
    """``sqlite``, or the URL of a new PostgreSQL database."""
    if database == "sqlite":
        return database
    url = make_url(database)
    place = f"host={url.query['host']} user={url.username} dbname={url.database}"
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return url.set(database=name).render_as_string(hide_password=False)


def _app(folder: Path, url: str) -> Any:
    return create_app({"DATA_DIR": folder} | ({} if url == "sqlite" else {"DATABASE_URL": url}))


def _fill(folder: Path, url: str) -> None:
    """Events whose text cannot be compressed below three quarters."""
    app = _app(folder, url)
    upgrade(app)
    with app.app_context():
        for _ in range(THERE // 100):
            texts = (base64.b64encode(os.urandom(1050)).decode() for _ in range(100))
            data = (json.dumps({"content": text}).encode() for text in texts)
            intake.accept([IncomingEvent("message_created", one) for one in data])
    process.close(app)


def _post_and_back_up(
    console: Console, file: Path
) -> tuple[dict[str, list[float]], list[tuple[float, float]]]:
    """When each event was sent and answered; begin and end of each backup."""
    order = {"port": int(console.url.rpartition(":")[2]), "token": console.token, "first": 0}
    order |= {"connections": CONNECTIONS, "count": RATE * SECONDS, "rate": RATE}
    command = [sys.executable, "-m", "bench.posters"]
    with subprocess.Popen(
        command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as posters:
        assert posters.stdin
        assert posters.stdout
        json.dump(order, posters.stdin)
        posters.stdin.close()
        time.sleep(CALM)
        backups: list[tuple[float, float]] = []
        while posters.poll() is None and len(backups) < 3:
            began = time.monotonic()
            console.command("backup", str(file))
            backups.append((began, time.monotonic()))
            time.sleep(2)
        return json.load(posters.stdout), backups


def _restore(folder: Path, url: str) -> None:
    given = {"WEBHOOKS_UI_DATA_DIR": str(folder / "new")}
    if url != "sqlite":
        given["WEBHOOKS_UI_DATABASE_URL"] = url
    command = [sys.executable, "-m", "webhooks_ui", "restore", str(folder / "hooks.backup")]
    subprocess.run(command, env=os.environ | given, check=True, stdout=subprocess.DEVNULL)


def _numbers(folder: Path, url: str, posted: dict[str, list[float]], before: float) -> set[int]:
    """The events answered before that moment which the restored database has."""
    app = _app(folder, url)
    with app.app_context():
        bodies = db.session.scalars(select(Event.data).order_by(Event.id.desc()))
        there = {json.loads(body).get("n") for body in bodies}
    process.close(app)
    return {n for n, at in enumerate(posted["answered"]) if at < before and n in there}


def _times(posted: dict[str, list[float]], backups: list[tuple[float, float]]) -> Figures:
    calm, beside, last = list[float](), list[float](), posted["sent"][-1]
    seconds = sum(min(ended, last) - began for began, ended in backups if began < last)
    for sent, answered in zip(posted["sent"], posted["answered"], strict=True):
        took = 1000 * (answered - sent)
        if any(began <= answered and sent <= ended for began, ended in backups):
            beside.append(took)
        elif sent < backups[0][0]:
            calm.append(took)
    return {
        "backup s": sum(ended - began for began, ended in backups) / len(backups),
        **{
            f"answer {name} ms, {how}": percentile(times, share)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            for how, times in (("calm", calm), ("during a backup", beside))
        },
        "events/s while backing up": len(beside) / seconds,
    }
