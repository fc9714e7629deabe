"""The benchmarks, each a function that returns figures; `__main__` runs each in a fresh process."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests
from flask import Flask
from sqlalchemy import insert

from bench import write_lock
from bench.after_kill import after_kill
from bench.backup import backing_up
from bench.chatwoot import chatwoot
from bench.failing import many_failing
from bench.fan_out import fan_out
from bench.filters import filters
from bench.pages import pages
from bench.processes import cpu_of, cpu_of_tree
from bench.search import search
from bench.size import size
from bench.stage import (
    EVENT,
    accept,
    analyse,
    app_on,
    percentile,
    receiving,
    server_of,
    until_finished,
    webhooks,
    workers,
    working,
)
from bench.starting import starting
from bench.trickle import trickle
from tests.engine.conftest import claim
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.delivery.request import Endpoint, compose
from webhooks_ui.intake import accept as intake
from webhooks_ui.models import Delivery, Event, Webhook
from webhooks_ui.models.event import EventContent
from webhooks_ui.server import process

__all__ = [
    "after_kill",
    "backing_up",
    "chatwoot",
    "fan_out",
    "filters",
    "many_failing",
    "pages",
    "search",
    "size",
    "starting",
    "trickle",
]  # parts in files of their own

Figures = dict[str, float]
DELIVERIES = 12_000
WARM_UP = 1_000  # not timed: the processes are starting
WEBHOOKS = 6
BUSY_EVENTS = 1_600


def bare(_database: str) -> Figures:
    """The sender alone, 64 threads: the upper bound for a worker that claims and records."""
    return {"requests/s": _bare(one_core=False)}


def bare_on_one_core(_database: str) -> Figures:
    """The same, pinned to one core, as a worker is by default."""
    return {"requests/s": _bare(one_core=True)}


def _bare(*, one_core: bool) -> float:
    with receiving() as receiver, app_on("sqlite") as app:
        if one_core:
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        event = EventContent("evt_bench", EVENT.type, None, now(), EVENT.data)
        endpoint = Endpoint(receiver.url, NoAuthorization(), "envelope", (new_secret(),))
        request = compose(event, endpoint, "dlv_bench", now())
        sender = app.extensions["sender"]
        process.freeze_garbage_collector()  # as a worker does
        return _rate(lambda _: sender.send(request), DELIVERIES, 64)


def plain_requests(_database: str) -> Figures:
    """Plain `requests.Session.post`, 32 threads, one session each."""
    with receiving() as receiver:
        sessions = [requests.Session() for _ in range(32)]

        def post(number: int) -> None:
            sessions[number % 32].post(receiver.url, data=EVENT.data, timeout=15)

        rate = _rate(post, DELIVERIES // 2, 32)
    return {"requests/s": rate}


def durable(database: str) -> Figures:
    """One worker process works off a backlog: claim, send, record."""
    return _throughput(database, 1, "auto")


def durable_on_any_core(database: str) -> Figures:
    """The same with WORKER_CORE=any."""
    return _throughput(database, 1, "any")


def two_workers(database: str) -> Figures:
    """Two worker processes on one database."""
    return _throughput(database, 2, "auto")


def two_workers_on_any_core(database: str) -> Figures:
    """The same with WORKER_CORE=any."""
    return _throughput(database, 2, "any")


def _throughput(database: str, processes: int, core: str) -> Figures:
    """The rate, and that of the workers' own processor: what they would do with a core for each.

    The shares that receiver and server take of the cores are told beside it.
    """
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, *(f"{receiver.url}/{n}" for n in range(WEBHOOKS)))
        accept(app, DELIVERIES // WEBHOOKS)
        analyse(app)
        cluster = server_of(app)
        with workers(app, processes, core) as pids:

            def spent() -> list[float]:
                return [sum(map(cpu_of, pids)), cpu_of(receiver.pid), cpu_of_tree(cluster)]

            start, before = until_finished(app, WARM_UP), spent()
            seconds = until_finished(app, DELIVERIES) - start
            own, receivers, servers = (b - a for a, b in zip(before, spent(), strict=True))
    count = DELIVERIES - WARM_UP
    found = {
        "deliveries/s": count / seconds,
        "deliveries/s of a worker's processor": count / own,
        "with a core for each worker, deliveries/s": processes * count / own,
        "receiver µs/delivery": 1e6 * receivers / count,
    }
    return found | ({"server µs/delivery": 1e6 * servers / count} if cluster else {})


def accepting(database: str) -> Figures:
    """Intake in batches of 100 events, each for three webhooks."""
    with app_on(database) as app:
        webhooks(app, *(f"http://127.0.0.1:9/{n}" for n in range(3)))
        accept(app, 500)
        seconds = accept(app, 4_000)
    return {"events/s": 4_000 / seconds}


def accepting_while_busy(database: str) -> Figures:
    """Intake of single events, 200 per second, while a worker delivers each to three webhooks."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, *(f"{receiver.url}/{n}" for n in range(3)))
        took: list[float] = []
        with workers(app, 1, "auto"), app.app_context():
            accept(app, 10)
            until_finished(app, 30)
            with write_lock.timed() as lock:
                due = time.perf_counter()
                for _ in range(BUSY_EVENTS):
                    due += 1 / 200
                    time.sleep(max(due - time.perf_counter(), 0))
                    start = time.perf_counter()
                    intake.accept([EVENT])
                    took.append((time.perf_counter() - start) * 1000)
    found = {"p50 ms": percentile(took, 0.5), "p99 ms": percentile(took, 0.99)}
    return found | lock.figures


def end_to_end(database: str) -> Figures:
    """Latency from intake to the receiver on an idle system."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, receiver.url)
        with working(app):
            accept(app, 1)
            until_finished(app, 1)
            receiver.arrivals()
            sent: list[float] = []
            for number in range(100):
                sent.append(time.monotonic())
                accept(app, 1)
                until_finished(app, number + 2)
            arrived = [at for _, at in receiver.arrivals()]
    took = [(there - here) * 1000 for here, there in zip(sent, arrived, strict=True)]
    return {"p50 ms": percentile(took, 0.5), "p95 ms": percentile(took, 0.95)}


def isolation(database: str) -> Figures:
    """Throughput to nine healthy receivers beside a tenth that hangs, and beside a healthy one."""
    rates = []
    for tenth in ("/hang", "/9"):
        with receiving() as receiver, app_on(database) as app:
            webhooks(app, *(f"{receiver.url}/{n}" for n in range(9)), f"{receiver.url}{tenth}")
            accept(app, 500)
            analyse(app)
            start = time.perf_counter()
            with working(app):
                rates.append(4_500 / (until_finished(app, 4_500) - start))
                receiver.close()  # ends the requests that hang, so that the worker can stop
    return {"hanging ÷ healthy": rates[0] / rates[1], "deliveries/s with one hanging": rates[0]}


def claiming(database: str) -> Figures:
    """A claim of 100 deliveries, with and without 100,000 others due for one dead receiver."""
    with app_on(database) as app:
        webhooks(app, "http://127.0.0.1:9/dead", *(f"http://127.0.0.1:9/{n}" for n in range(20)))
        with app.app_context():
            dead = db.session.query(Webhook.id).order_by(Webhook.id).limit(1).scalar()
        without = _claims(app, dead)
        _flood(app, dead, 100_000)
        analyse(app)
        flooded = _claims(app, dead)
    return {"ms with 100,000": flooded, "ms without": without, "ratio": flooded / without}


def _claims(app: Flask, dead: int) -> float:
    accept(app, 100)
    took = []
    with app.app_context():
        for _ in range(15):
            start = time.perf_counter()
            claimed = claim({dead: 0}, 5, 100, now(), timedelta(minutes=1)).claims
            took.append((time.perf_counter() - start) * 1000)
            assert len(claimed) == 100
    return percentile(took, 0.5)


def _flood(app: Flask, webhook: int, count: int) -> None:
    with app.app_context(), transaction():
        event = db.session.query(Event.id).limit(1).scalar()
        row = {"event_id": event, "webhook_id": webhook, "status": "pending", "due_at": EPOCH}
        for start in range(0, count, 10_000):
            db.session.execute(
                insert(Delivery),
                [row | {"public_id": f"dlv_{start + n}"} for n in range(10_000)],
            )


def _rate(call: Callable[[int], object], count: int, threads: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, range(threads * 4)))
        start = time.perf_counter()
        list(pool.map(call, range(count)))
        return count / (time.perf_counter() - start)
