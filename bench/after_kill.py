"""The only worker is killed with a request under way: after how long the request goes out again."""

import os
import signal
import time
from pathlib import Path

from bench.beside import Console
from bench.processes import worker_of
from bench.stage import HERE, Receiver, app_on, percentile, posted, receiving

ROUNDS = 5


def after_kill(database: str) -> dict[str, float]:
    """Seconds, with the start of the new worker in it; one console for each round."""
    took = [_measured(database) for _ in range(ROUNDS)]
    return {"median s": percentile(took, 0.5), "at most s": max(took)}


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
