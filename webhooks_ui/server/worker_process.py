"""What a worker's process runs: the loop that delivers, and the background jobs beside it."""

import signal
import socket
from contextlib import ExitStack

from flask import Flask

from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.jobs.scheduler import Scheduler, all_jobs, heartbeat_job
from webhooks_ui.server import cpu_affinity, process


def run(
    app: Flask,
    concurrency: int | None = None,
    parent: socket.socket | None = None,
    numbers: tuple[int | None, int | None] = (None, None),
) -> None:
    """Delivers until SIGTERM or SIGINT; see `Worker` for the rest."""
    wanted: int = concurrency or app.config["WORKER_CONCURRENCY"]
    most = min(wanted, process.open_files(app).attempts)
    with ExitStack() as background:
        loop = Worker(app, concurrency=most, parent=parent, numbers=numbers)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        for jobs in (all_jobs(app, loop.is_busy), [heartbeat_job()]):
            scheduler = Scheduler(app, jobs)
            scheduler.start()
            background.callback(scheduler.stop)
        process.freeze_garbage_collector()
        if app.config["WORKER_CORE"] == "auto":
            cpu_affinity.pin()
        loop.run()
