"""Events that trickle in, 100 a second for three webhooks each: what a delivery costs the worker.

With PROFILE=FILE the loop of the worker is profiled into that file, for `python -m pstats FILE`.
"""

import cProfile
import os
import time
from contextlib import ExitStack
from threading import Thread
from typing import Any
from unittest.mock import patch

from bench.stage import EVENT, accept, app_on, finished, receiving, until_finished, webhooks
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.delivery.worker.senders import Senders
from webhooks_ui.intake import accept as intake
from webhooks_ui.server import process

EVENTS, RATE, WEBHOOKS, WARM_UP = 500, 100, 3, 100
PARTS: dict[str, tuple[Any, str]] = {
    "attempts": (Senders, "_send"),
    "… of these HTTP": (Sender, "send"),
    "claims and records": (turns, "turn"),
    "jobs made": (turns, "_jobs"),
}


def trickle(database: str) -> dict[str, float]:
    """Processor time of loop and sending threads, without that of intake; turns for an event."""
    taken: list[tuple[str, float]] = []
    with receiving() as receiver, app_on(database) as app, ExitStack() as stack:
        for part, (place, name) in PARTS.items():
            timed = _timed(part, getattr(place, name), taken)
            stack.enter_context(patch.object(place, name, timed))
        webhooks(app, *(f"{receiver.url}/{number}" for number in range(WEBHOOKS)))
        worker = Worker(app)
        thread = Thread(target=_profiled if "PROFILE" in os.environ else Worker.run, args=(worker,))
        thread.start()
        try:
            accept(app, WARM_UP)
            until_finished(app, WARM_UP * WEBHOOKS)
            process.freeze_garbage_collector()
            before, own = time.process_time(), time.thread_time()
            taken.clear()
            due = time.perf_counter()
            with app.app_context():
                for _ in range(EVENTS):
                    due += 1 / RATE
                    time.sleep(max(due - time.perf_counter(), 0))
                    intake.accept([EVENT])
            while finished(app) < (WARM_UP + EVENTS) * WEBHOOKS:
                time.sleep(0.05)
            spent = time.process_time() - before - (time.thread_time() - own)
        finally:
            worker.stop()
            thread.join()
    found = {"CPU": spent} | {
        part: sum(one for name, one in taken if name == part) for part in PARTS
    }
    each = {f"{name} µs/delivery": 1e6 * s / (EVENTS * WEBHOOKS) for name, s in found.items()}
    turned = sum(name == "claims and records" for name, _ in taken)
    return each | {"turns/event": turned / EVENTS}


def _timed(part: str, function: Any, taken: list[tuple[str, float]]) -> Any:
    """The function, which notes the processor time that its thread takes for it."""

    def timed(*given: Any, **named: Any) -> Any:
        begun = time.thread_time()
        try:
            return function(*given, **named)
        finally:
            taken.append((part, time.thread_time() - begun))

    return timed


def _profiled(worker: Worker) -> None:
    profile = cProfile.Profile()
    profile.runcall(worker.run)
    profile.dump_stats(os.environ["PROFILE"])
