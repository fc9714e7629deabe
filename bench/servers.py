"""The console under several WSGI servers, those that can be imported: cost, memory, idle ones.

One process and eight threads each, on SQLite, without a worker. Newcomers come while 600
connections from 30 addresses have sent one byte and no more.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from bench.processes import cpu_of_tree, memory_of_tree
from bench.stage import HERE, PROGRAM, app_on, environ_of, percentile, posted
from tests.support.waiting import free_port
from webhooks_ui.database.engine import transaction
from webhooks_ui.models.token import Token

LOAD = "webhooks_ui.server.application:load"
PYTHON = sys.executable
COMMANDS = {
    "serve": [*PROGRAM, "serve", "--no-worker", "--port", "{port}"],
    "waitress": [
        *(PYTHON, "-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=8", "--call", LOAD),
    ],
    "gunicorn": [
        *(PYTHON, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "8"),
        *("-b", "127.0.0.1:{port}", f"{LOAD}()"),
    ],
    "cheroot": [PYTHON, "-m", "cheroot", "--bind", "127.0.0.1:{port}", "--threads", "8", "app:app"],
    "granian": [
        *(PYTHON, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", "{port}", "--blocking-threads", "8", "app:app"),
    ],
}
EVENTS, WARM_UP, POSTERS = 1_000, 200, 8
IDLE, ADDRESSES, PATIENCE = 600, 30, 20.0  # connections, and seconds for which a newcomer waits


def servers() -> dict[str, float]:
    """Megabytes idle and with idle connections, processor an event, latency, a newcomer's wait."""
    found: dict[str, float] = {}
    for name, command in COMMANDS.items():
        if name == "serve" or importlib.util.find_spec(name):
            found |= {f"{name}: {what}": value for what, value in _measured(command).items()}
    return found


def _measured(command: list[str]) -> dict[str, float]:
    with app_on("sqlite") as app:
        with app.app_context(), transaction():
            token = Token.issue("bench", "events")
        port = free_port()
        with _running(app, [part.format(port=port) for part in command], port) as pid:
            order = {"port": port, "token": token, "connections": POSTERS, "rate": 0}
            posted(order | {"count": WARM_UP, "first": 0})
            memory, before = memory_of_tree(pid), cpu_of_tree(pid)
            times = posted(order | {"count": EVENTS, "first": WARM_UP})
            spent = cpu_of_tree(pid) - before
            waits = [a - s for s, a in zip(times["sent"], times["answered"], strict=True)]
            idle = list(_idle(port))
            time.sleep(1)
            newcomer = max(_newcomer(port) for _ in range(3))
            crowded = memory_of_tree(pid)
            for one in idle:
                one.close()
    return {
        "MB": memory / 1e6,
        "MB with idle connections": crowded / 1e6,
        "processor ms an event": spent / EVENTS * 1000,
        "p99 ms": percentile(waits, 0.99) * 1000,
        "a newcomer waits s": newcomer,
    }


@contextmanager
def _running(app: Flask, command: list[str], port: int) -> Iterator[int]:
    program = subprocess.Popen(
        command,
        cwd=HERE,
        env=os.environ | environ_of(app),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while _newcomer(port) >= PATIENCE:
            time.sleep(0.05)
        yield program.pid
    finally:
        program.terminate()
        program.wait()


def _newcomer(port: int) -> float:
    """Seconds until a new connection gets its answer; `PATIENCE` where it gets none."""
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE):
            return time.monotonic() - begun
    except OSError:
        return PATIENCE


def _idle(port: int) -> Iterator[socket.socket]:
    for number in range(IDLE):
        source = f"127.0.1.{number % ADDRESSES + 1}", 0
        try:
            one = socket.create_connection(("127.0.0.1", port), timeout=2, source_address=source)
            one.sendall(b"G")
        except OSError:
            continue
        yield one
