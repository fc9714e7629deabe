"""Work in the background that is not delivering: each chore by one worker at a time.

A chore says cheaply whether there is something to do, and does it in short steps, so that it never
holds up a delivery for long and loses little when its process dies. The lease is in the database:
with several workers whichever comes first takes it, and another goes on when it is gone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from time import sleep

from flask import Flask
from sqlalchemy.exc import DBAPIError

from webhooks_ui.database.engine import UNREACHABLE, end_read
from webhooks_ui.database.types import now
from webhooks_ui.jobs import recovery
from webhooks_ui.jobs.alerts import Notices
from webhooks_ui.jobs.retention import DailyPruning
from webhooks_ui.models import JobRun, health_rollup, standing
from webhooks_ui.models.health_counts import full_hour

LOOK_EVERY = 1.0  # seconds
LEASE = timedelta(minutes=1)
RECORDED_AFTER = timedelta(minutes=1)
REST = 0.02  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """`is_due` asks whether there is something to do, given now and when it was last done.

    `step` does a little of it (well under a second) and says whether there is more to do at once.
    """

    name: str
    is_due: Callable[[datetime, datetime], bool]
    step: Callable[[], bool]


def everything(app: Flask) -> list[Chore]:
    """Every chore of this product."""
    return [pruning(app.config["RETENTION"]), telling(app), sending_again(), adding_up()]


def heartbeat() -> Chore:
    """Shows every few seconds that a worker is there, whichever it is.

    In a thread of its own, so that a chore that takes its time does not hide the worker.
    """

    def is_due(moment: datetime, shown_at: datetime) -> bool:
        return abs(moment - shown_at) >= standing.BEAT_EVERY

    return Chore(standing.HEARTBEAT, is_due, lambda: False)


def pruning(retention: timedelta) -> Chore:
    """Deletes, once a day, what is older than this."""
    daily = DailyPruning(retention)
    return Chore("prune", daily.is_due, daily.step)


def telling(app: Flask) -> Chore:
    """Tells of webhooks that fail, were disabled or work again."""
    notices = Notices.of(app)
    return Chore("notices", notices.is_due, notices.step)


def sending_again() -> Chore:
    """Goes on with the recoveries that people have begun."""
    return Chore("recover", recovery.is_due, recovery.step)


def adding_up() -> Chore:
    """Adds up, when an hour is over, what it and those before it said of each webhook."""
    hourly = HourlyPast()
    return Chore("past", hourly.is_due, hourly.step)


class HourlyPast:
    """`is_due` once an hour, a minute after it began; then a few webhooks with each `step`."""

    def __init__(self) -> None:
        self._hour: datetime | None = None
        self._after = 0

    def is_due(self, moment: datetime, done_at: datetime) -> bool:
        """Whether an hour is over, and nearly all that happened in it is recorded."""
        hour = full_hour(moment)
        return full_hour(done_at) != hour and moment - hour >= RECORDED_AFTER

    def step(self) -> bool:
        """A few webhooks, then a rest in which others write; whether there are more."""
        hour = full_hour(now())
        if hour != self._hour:
            self._hour, self._after = hour, 0
        last = health_rollup.make(self._after, hour)
        if last is None:
            self._hour = None
            return False
        self._after = last
        sleep(REST)
        return True


class Chores:
    """Runs chores in a thread of their own between `start` and `stop`."""

    def __init__(
        self, app: Flask, chores: Sequence[Chore], *, clock: Callable[[], datetime] = now
    ) -> None:
        self._app, self._chores, self._clock = app, chores, clock
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="chores")

    def start(self) -> None:
        """Begins to look for what is due."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Looks once after every chore and does a step of those that are due; whether there is
        more to do at once."""
        more = [self._run_job(chore) for chore in self._chores]
        return any(more)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.look():
                self._stopping.wait(LOOK_EVERY)

    def _run_job(self, chore: Chore) -> bool:
        try:
            with self._app.app_context():
                return self._step(chore)
        except (DBAPIError, *UNREACHABLE) as error:
            reason = getattr(error, "orig", error)
            log.warning("%s waits until the database answers: %s", chore.name, reason)
        except Exception:
            log.exception("%s failed and is tried again", chore.name)
        return False

    def _step(self, chore: Chore) -> bool:
        moment = self._clock()
        if not chore.is_due(moment, JobRun.last_done(chore.name)):
            return False
        if not JobRun.take(chore.name, moment, LEASE):
            return False
        more = True
        try:
            end_read()
            more = chore.step()
        finally:
            JobRun.release(chore.name, None if more else self._clock())
        return more
