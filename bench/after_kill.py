"""A worker is killed: after how long a request under way goes out again, and all has arrived.

The only worker of a console, which its supervisor follows up at once, and on PostgreSQL one of two
that know nothing of each other.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Thread

from flask import Flask

from bench.beside import Console
from bench.processes import worker_of
from bench.scale_out import port_of, running
from bench.stage import (
    HERE,
    Receiver,
    app_on,
    finished,
    percentile,
    posted,
    receiving,
    serving,
    until_finished,
    webhooks,
)
from webhooks_ui.database.engine import transaction
from webhooks_ui.models import Token

ROUNDS = 5
LOADED_ROUNDS = 3
EVENTS, RATE = 600, 100  # and events a second; the kill comes in the middle
WARM_UP = 50
PATIENCE = 60.0  # seconds in which what was acknowledged has to have been delivered
Started = AbstractContextManager[tuple[int, Callable[[], int]]]
"""A port that takes events in, and which worker to kill."""


def after_kill(database: str) -> dict[str, float]:
    """Seconds, with the start of the new worker in it; one console for each round."""
    took = [_measured(database) for _ in range(ROUNDS)]
    found = {"median s": percentile(took, 0.5), "at most s": max(took)}
    ways: dict[str, Callable[[Flask], Started]] = {"at 100/s": _supervised}
    if database != "sqlite":
        ways["at 100/s, one of two"] = _one_of_two
    for name, start in ways.items():
        rounds = [_loaded(database, start) for _ in range(LOADED_ROUNDS)]
        last = [one["last s"] for one in rounds]
        found[f"{name}: all acknowledged before it have arrived, median s"] = percentile(last, 0.5)
        found[f"{name}: … at most s"] = max(last)
        for figure in ("missing", "arrived twice"):
            found[f"{name}: {figure}"] = sum(one[figure] for one in rounds)
        found[f"{name}: any event's way, at most s"] = max(one["way s"] for one in rounds)
    return found


def _measured(database: str) -> float:
    with receiving() as receiver, app_on(database) as app:
        console = Console(HERE, Path(app.config["DATA_DIR"]), database, None)
        try:
            console.subscribe(f"{receiver.url}/hang")
            order = {"port": int(console.url.rpartition(":")[2]), "token": console.token}
            posted(order | {"connections": 1, "count": 1, "first": 0, "rate": 0})
            _arrived(receiver)
            killed = time.monotonic()
            os.kill(worker_of(console.pid), signal.SIGKILL)
            return _arrived(receiver) - killed
        finally:
            receiver.close()  # ends what hangs
            console.close()


def _arrived(receiver: Receiver) -> float:
    """When the next request has arrived."""
    while True:
        if found := receiver.arrivals():
            return found[0][1]
        time.sleep(0.005)


def _loaded(database: str, start: Callable[[Flask], Started]) -> dict[str, float]:
    """Posts events all the while, to a receiver that takes a twentieth of a second."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, f"{receiver.url}/numbered/late")
        with app.app_context(), transaction():
            token = Token.issue("bench", "events")
        with start(app) as (port, worker):
            order = {"port": port, "token": token, "connections": 8, "rate": RATE}
            posted(order | {"count": WARM_UP, "first": EVENTS})
            until_finished(app, WARM_UP)
            receiver.arrivals()
            times: dict[str, list[float]] = {}
            order |= {"count": EVENTS, "first": 0}
            poster = Thread(target=lambda: times.update(posted(order)))
            poster.start()
            time.sleep(EVENTS / RATE / 2)
            killed = time.monotonic()
            os.kill(worker(), signal.SIGKILL)
            poster.join()
            until = time.monotonic() + PATIENCE
            while finished(app) < WARM_UP + EVENTS and time.monotonic() < until:
                time.sleep(0.05)
        arrivals: dict[int, list[float]] = {}
        for path, at in receiver.arrivals():
            arrivals.setdefault(int(path.rpartition("#")[2]), []).append(at)
        return _figures(times, killed, arrivals)


def _figures(
    times: dict[str, list[float]], killed: float, arrivals: dict[int, list[float]]
) -> dict[str, float]:
    """What was under way at the kill has arrived when it comes again: its answer got lost."""
    acknowledged = enumerate(zip(times["sent"], times["answered"], strict=True))
    ways = {n: (sent, answered) for n, (sent, answered) in acknowledged if n in arrivals}
    before = [max(arrivals[n]) for n, (_, answered) in ways.items() if answered <= killed]
    return {
        "last s": max(0.0, max(before) - killed),
        "missing": EVENTS - len(ways),
        "arrived twice": sum(len(found) > 1 for found in arrivals.values()),
        "way s": max(min(arrivals[n]) - sent for n, (sent, _) in ways.items()),
    }


@contextmanager
def _supervised(app: Flask) -> Iterator[tuple[int, Callable[[], int]]]:
    with serving(app) as (port, console):
        yield port, lambda: worker_of(console)


@contextmanager
def _one_of_two(app: Flask) -> Iterator[tuple[int, Callable[[], int]]]:
    with running(app, "web") as web, running(app, "worker") as one, running(app, "worker"):
        yield port_of(web), lambda: one.pid
