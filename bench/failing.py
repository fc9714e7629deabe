"""A healthy receiver beside 200 that hang and 200 that refuse, 60 deliveries waiting for each."""

import time
from dataclasses import replace
from statistics import median

from flask import Flask

from bench.stage import EVENT, Receiver, accept, analyse, app_on, percentile, receiving, workers
from tests.engine.conftest import subscribe
from tests.support.waiting import free_port
from webhooks_ui.intake import accept as intake

EACH, WAITING = 200, 60
EVENTS, EVERY = 59, 0.5  # seconds
DELIVERIES, ROUNDS = 3_000, 5  # the throughput is the median of the rounds, about a second each
HEALTHY = replace(EVENT, type="team_changed")


def many_failing(database: str) -> dict[str, float]:
    """From intake to the healthy receiver, and its throughput ÷ that with none failing."""
    late, beside = _measured(database, EACH)
    _, alone = _measured(database, 0)
    return {"p50 ms": late[0], "p95 ms": late[1], "max ms": late[2], "throughput": beside / alone}


def _measured(database: str, each: int) -> tuple[list[float], float]:
    with receiving() as receiver, app_on(database) as app:
        refused = f"http://127.0.0.1:{free_port()}/"
        for number in range(each):
            subscribe(app, f"{receiver.url}/hang/{number}")
            subscribe(app, f"{refused}{number}")
        subscribe(app, f"{receiver.url}/healthy", events=(HEALTHY.type,))
        accept(app, WAITING if each else 0)
        analyse(app)
        with workers(app, 1, "auto"):
            waits = _waits(app, receiver)
            rate = _rate(app, receiver)
            receiver.close()  # ends the requests that hang, so that the worker can stop
    return [percentile(waits, share) for share in (0.5, 0.95, 1.0)], rate


def _send(app: Flask, count: int) -> None:
    with app.app_context():
        intake.accept([HEALTHY] * count)


def _healthy(receiver: Receiver) -> list[float]:
    return [at for path, at in receiver.arrivals() if path == "/healthy"]


def _arrived(receiver: Receiver, count: int) -> list[float]:
    found: list[float] = []
    while len(found) < count:
        found += _healthy(receiver)
        time.sleep(0.02)
    return found


def _waits(app: Flask, receiver: Receiver) -> list[float]:
    """Milliseconds from intake to arrival, from the moment the worker has begun to send."""
    begun = seen = 0
    while not seen:
        _send(app, 1)
        begun += 1
        time.sleep(EVERY)
        seen += len(_healthy(receiver))
    _arrived(receiver, begun - seen)
    sent = []
    for _ in range(EVENTS):
        sent.append(time.monotonic())
        _send(app, 1)
        time.sleep(EVERY)
    return [(at - begun) * 1000 for begun, at in zip(sent, _arrived(receiver, EVENTS), strict=True)]


def _rate(app: Flask, receiver: Receiver) -> float:
    rates = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        for _ in range(DELIVERIES // 500):
            _send(app, 500)
        rates.append(DELIVERIES / (_arrived(receiver, DELIVERIES)[-1] - begun))
    return median(rates)
