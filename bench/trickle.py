"""Events that trickle in, 100 a second for three webhooks each: what a delivery costs the worker.

With PROFILE=FILE the loop of the worker is profiled into that file, for `python -m pstats FILE`.
"""

import cProfile
import os
import time
from threading import Thread
from typing import Any
from unittest.mock import patch

from bench.stage import EVENT, accept, app_on, finished, receiving, until_finished, webhooks
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.intake import accept as intake
from webhooks_ui.server import process

EVENTS, RATE, WEBHOOKS, WARM_UP = 500, 100, 3, 100


def trickle(database: str) -> dict[str, float]:
    """Processor time of loop and sending threads, without that of intake; turns for an event."""
    count, turn = [0], turns.turn

    def counted(*given: Any) -> Any:
        count[0] += 1
        return turn(*given)

    with receiving() as receiver, app_on(database) as app, patch.object(turns, "turn", counted):
        webhooks(app, *(f"{receiver.url}/{number}" for number in range(WEBHOOKS)))
        worker = Worker(app)
        thread = Thread(target=_profiled if "PROFILE" in os.environ else Worker.run, args=(worker,))
        thread.start()
        try:
            accept(app, WARM_UP)
            until_finished(app, WARM_UP * WEBHOOKS)
            process.freeze_garbage_collector()
            before, own, turned = time.process_time(), time.thread_time(), count[0]
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
    each = 1e6 * spent / (EVENTS * WEBHOOKS)
    return {"CPU µs/delivery": each, "turns/event": (count[0] - turned) / EVENTS}


def _profiled(worker: Worker) -> None:
    profile = cProfile.Profile()
    profile.runcall(worker.run)
    profile.dump_stats(os.environ["PROFILE"])
