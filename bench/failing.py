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
DELIVERIES, ROUNDS, PAIRS = 3_000, 3, 3  # a round is a few seconds; the machine's speed drifts
HEALTHY = replace(EVENT, type="team_changed")


def many_failing(database: str) -> dict[str, float]:
    """From intake to the healthy receiver, and its throughput ÷ that with none failing.

    Both have the same webhooks, take turns, and the ratio is the median of the pairs.
    """
    waits: list[float] = []
    ratios: list[float] = []
    for pair in range(PAIRS):
        beside = _measured(database, WAITING, None if pair else waits)
        ratios.append(beside / _measured(database, 0, None))
    late = [percentile(waits, share) for share in (0.5, 0.95, 1.0)]
    return {"p50 ms": late[0], "p95 ms": late[1], "max ms": late[2], "throughput": median(ratios)}


def _measured(database: str, waiting: int, waits: list[float] | None) -> float:
    """Deliveries a second to the healthy receiver; how long some took is added to `waits`."""
    with receiving() as receiver, app_on(database) as app:
        refused = f"http://127.0.0.1:{free_port()}/"
        for number in range(EACH):
            subscribe(app, f"{receiver.url}/hang/{number}")
            subscribe(app, f"{refused}{number}")
        subscribe(app, f"{receiver.url}/healthy", events=(HEALTHY.type,))
        accept(app, waiting)
        analyse(app)
        with workers(app, 1, "auto"):
            _warm_up(app, receiver)
            if waits is not None:
                waits += _waits(app, receiver)
            rate = _rate(app, receiver)
            receiver.close()  # ends the requests that hang, so that the worker can stop
    return rate


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


def _warm_up(app: Flask, receiver: Receiver) -> None:
    """Until the worker has begun to send, and nothing is left for the healthy one."""
    begun = seen = 0
    while not seen:
        _send(app, 1)
        begun += 1
        time.sleep(EVERY)
        seen += len(_healthy(receiver))
    _arrived(receiver, begun - seen)


def _waits(app: Flask, receiver: Receiver) -> list[float]:
    """Milliseconds from intake to arrival."""
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
