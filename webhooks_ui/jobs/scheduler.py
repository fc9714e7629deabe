"""Background jobs of the worker; each is run by one worker at a time.

A job says cheaply whether it is due and works in short steps, so that it never holds up a delivery
for long and loses little when its process dies. The lease is a row in the database: with several
workers, whichever comes first runs the job, and another takes over when the lease has run out.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from time import monotonic

from flask import Flask

from webhooks_ui.database.driver import reason_of
from webhooks_ui.database.engine import REFUSED, end_read
from webhooks_ui.database.types import now
from webhooks_ui.intake import fan_out
from webhooks_ui.jobs import indexing, recovery, states
from webhooks_ui.jobs.alerts import Alerts
from webhooks_ui.jobs.retention import DailyPruning
from webhooks_ui.models import JobRun, job_run

POLL_INTERVAL = 1.0  # seconds between looks, and that a job with more to do goes on
LEASE = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A background job.

    `is_due` is given the current time and when the job last completed. `step` works for well under
    a second and returns whether it is to be called again at once.
    """

    name: str
    is_due: Callable[[datetime, datetime], bool]
    step: Callable[[], bool]


def all_jobs(app: Flask, is_busy: Callable[[], bool] = lambda: False) -> list[Job]:
    """The jobs of a worker, without its heartbeat; what can wait goes slowly while it is busy."""
    daily = DailyPruning(app.config["RETENTION"], app.config["AUDIT_RETENTION"])
    alerts = Alerts(app)
    return [
        Job("prune", daily.is_due, daily.step),
        Job("notices", alerts.is_due, alerts.step),
        Job("recover", recovery.is_due, recovery.step),
        Job("fan out", fan_out.is_due, fan_out.step),
        Job("states", states.is_due, states.step),
        Job("search", *indexing.job(is_on=app.config["PAYLOAD_SEARCH"], is_busy=is_busy)),
    ]


def heartbeat_job() -> Job:
    """Records every `BEAT_EVERY` that a worker is alive.

    It needs a scheduler of its own: a job that takes long must not make the worker look dead.
    """

    def is_due(moment: datetime, done_at: datetime) -> bool:
        return abs(moment - done_at) >= job_run.BEAT_EVERY

    return Job(job_run.HEARTBEAT, is_due, lambda: False)


class Scheduler:
    """Runs jobs in a thread of its own between `start` and `stop`."""

    def __init__(
        self, app: Flask, jobs: Sequence[Job], *, clock: Callable[[], datetime] = now
    ) -> None:
        self._app, self._jobs, self._clock = app, jobs, clock
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="jobs")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stops after the current step and joins the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def run_once(self) -> bool:
        """Runs every job that is due, a second each; returns whether one has more to do."""
        more = [self._run_job(job) for job in self._jobs]
        return any(more)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.run_once():
                self._stopping.wait(POLL_INTERVAL)

    def _run_job(self, job: Job) -> bool:
        try:
            with self._app.app_context():
                return self._step(job)
        except REFUSED as error:
            reason = reason_of(error)
            log.warning("Job %s: the database refused, trying again: %s", job.name, reason)
        except Exception:
            log.exception("Job %s failed and is retried", job.name)
        return False

    def _step(self, job: Job) -> bool:
        moment = self._clock()
        if not job.is_due(moment, JobRun.last_done(job.name)):
            return False
        if not JobRun.acquire(job.name, moment, LEASE):
            return False
        more = True
        until = monotonic() + POLL_INTERVAL
        try:
            # Under one lease, and the other jobs are not looked at after each step.
            while more:
                end_read()
                more = job.step()
                if monotonic() >= until or self._stopping.is_set():
                    break
        finally:
            JobRun.release(job.name, moment + LEASE, None if more else self._clock())
        return more
