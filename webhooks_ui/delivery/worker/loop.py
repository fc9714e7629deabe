"""The worker: claims what is due, has it sent by threads, writes down what came of it.

One thread decides. Each of its turns is one transaction, which claims the next deliveries and
records the outcomes that have come meanwhile: the busier the worker, the more of them share a
commit. What is claimed ahead keeps the sending threads going during the turn.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from socket import socket
from threading import Event as Flag

from flask import Flask
from sqlalchemy.exc import DBAPIError

from webhooks_ui.database.engine import UNREACHABLE, db
from webhooks_ui.database.types import now
from webhooks_ui.delivery.attempt_record import bare_attempt
from webhooks_ui.delivery.queue import turns, wakeup
from webhooks_ui.delivery.queue.claims import Claim, Demand, Job, Result
from webhooks_ui.delivery.worker import prefetch
from webhooks_ui.delivery.worker.concurrency import ConcurrencyLimits
from webhooks_ui.delivery.worker.senders import Attempts, Senders
from webhooks_ui.monitoring import metrics

LEASE_MARGIN = timedelta(seconds=30)
MAX_RECORDED = 100
RECORD_AFTER = 0.05  # seconds that an outcome waits for others to be recorded with
LOOK_EVERY = 1.0  # seconds between looks when nothing wakes the worker
RELEASE_EVERY = 5.0  # seconds between looks for leases that ran out
SHORTEST_TURN = 0.01  # seconds, while the threads have enough to do
BACK_OFF = 1.0  # seconds after the database refused

log = logging.getLogger(__name__)


class Worker:
    """Delivers until `stop` is called, then finishes what is under way.

    `parent` is the end of a socket pair that wakes it, and stops it when the other end is closed.
    """

    def __init__(
        self,
        app: Flask,
        *,
        concurrency: int | None = None,
        parent: socket | None = None,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._app, self._clock = app, clock
        config = app.config
        self._pace = prefetch.Pace(concurrency or config["WORKER_CONCURRENCY"])
        # Long enough to be sent last of all that was claimed, should everything before it hang.
        longest = (prefetch.DEEPEST + 1) * timedelta(seconds=config["DELIVERY_TIMEOUT"])
        self._lease = longest + LEASE_MARGIN
        self._windows = ConcurrencyLimits(config["ENDPOINT_CONCURRENCY"])
        self._under_way: dict[int, Claim] = {}
        self._senders = Senders(
            Attempts(app, clock, chance),
            self._pace.concurrency,
            rouse=self._rouse,
            write=lambda result: self._write([result]),
            held=self._held,
        )
        self._results: list[Result] = []
        self._stopping = Flag()
        self._is_roused = False
        self._looked_at = self._released_at = float("-inf")
        with app.app_context():
            self._alarm = wakeup.alarm(db.engine, parent, self._stopping.set)

    def stop(self) -> None:
        """Ends `run` once what is under way has ended; may be called from a signal handler."""
        self._stopping.set()
        self._alarm.ring()

    def run(self) -> None:
        """Delivers until stopped."""
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._finish()
            self._alarm.close()

    def _turn(self) -> None:
        """Takes in what was sent, claims and records, hands out, sleeps until something happens."""
        self._is_roused = False
        self._gather()
        is_reachable = self._exchange()
        if not is_reachable:
            time.sleep(BACK_OFF)
        self._sleep(is_reachable and len(self._results) < MAX_RECORDED)

    def _sleep(self, has_time: bool) -> None:
        """Until there are new events or outcomes to take in; without time it only looks."""
        is_busy = bool(self._under_way or self._results)
        start = time.monotonic()
        if self._alarm.wait((RECORD_AFTER if is_busy else LOOK_EVERY) if has_time else 0):
            self._looked_at = float("-inf")
        if self._senders.waiting() > self._senders.few:  # a turn costs as much as many deliveries
            time.sleep(max(SHORTEST_TURN - (time.monotonic() - start), 0))

    def _rouse(self) -> None:
        """Wakes `_sleep`, once; called by the sending threads."""
        if not self._is_roused:
            self._is_roused = True
            self._alarm.ring()

    def _gather(self) -> None:
        """Takes in what the threads have brought back."""
        sent, given_back = self._senders.sent(), []
        for one in sent:
            held = self._under_way.pop(one.claim.id, one.claim)
            self._windows.end(held.webhook_id, one.error)
            # What disables its webhook has been written already.
            if one.result and not one.result.decision.disable:
                self._results.append(replace(one.result, claim=held))
            if one.is_given_back:
                given_back.append(held)
        self._pace.record_sent(len(sent))
        metrics.in_flight(min(len(self._under_way), self._pace.concurrency))
        self._give_back(given_back)

    def _exchange(self) -> bool:
        """Records what there is, and claims more; false when the database refuses."""
        if not self._results and time.monotonic() - self._looked_at < LOOK_EVERY:
            return True
        self._looked_at = time.monotonic()
        batch, moment = self._results[:MAX_RECORDED], self._clock()
        try:
            with self._app.app_context():
                self._release(moment)
                jobs = self._claimed(turns.turn(batch, self._demand(), moment), batch)
        except UNREACHABLE as error:
            log.warning("The queue is out of reach, trying again: %s", _said(error))
            return False
        except Exception:
            if not batch:
                log.exception("Nothing can be claimed, trying again")
                return False
            self._write(batch)  # one by one: what cannot be stored takes no other along
            jobs = []
        del self._results[: len(batch)]
        self._hand_out(jobs)
        return True

    def _demand(self) -> Demand:
        room = 0 if self._stopping.is_set() else self._pace.room(len(self._under_way))
        return Demand(self._windows.free(), self._windows.usual, room, self._lease)

    def _claimed(self, claims: Sequence[Claim], batch: Sequence[Result]) -> list[Job]:
        """What is needed to send what was claimed, without what we have in hand already.

        After a jump of the clock a lease may seem over while its delivery is under way.
        """
        recorded = {result.claim.id for result in batch}
        fresh = [c for c in claims if c.id not in self._under_way and c.id not in recorded]
        self._under_way |= {claim.id: claim for claim in claims if claim.id in self._under_way}
        return turns.jobs(fresh) if fresh else []

    def _hand_out(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._under_way[job.claim.id] = job.claim
            self._windows.begin(job.claim.webhook_id)
        self._pace.record_sizes(len(job.event.data) for job in jobs)
        self._senders.few = self._pace.few
        self._senders.hand_out(jobs, len(self._under_way))

    def _release(self, moment: datetime) -> None:
        if time.monotonic() - self._released_at < RELEASE_EVERY:
            return
        self._released_at = time.monotonic()
        if count := turns.release_expired(moment):
            log.warning("%s deliveries of a worker that is gone are due again", count)

    def _give_back(self, claims: Sequence[Claim]) -> None:
        """Lets others have at once what was claimed and not begun."""
        if not claims:
            return
        try:
            with self._app.app_context():
                turns.release([self._held(claim) for claim in claims], self._clock())
        except (DBAPIError, *UNREACHABLE) as error:
            log.warning("What was not begun is due again when its leases end: %s", _said(error))

    def _held(self, claim: Claim) -> Claim:
        """The claim that we hold now, should we have claimed the same delivery twice."""
        return self._under_way.get(claim.id, claim)

    def _finish(self) -> None:
        """Gives back what has not begun; records what is under way until it has ended."""
        idle = self._senders.take_back()
        self._give_back([job.claim for job in idle])
        for job in idle:
            del self._under_way[job.claim.id]
        self._senders.close()
        until = time.monotonic() + self._lease.total_seconds()
        while (self._under_way or self._results) and time.monotonic() < until:
            self._turn()
        self._senders.join()
        if self._results:
            log.error("%s outcomes were not recorded; they are sent again", len(self._results))

    def _write(self, batch: Sequence[Result]) -> None:
        """Records outcomes one by one, once the database lets it, or leaves it to their leases."""
        until = time.monotonic() + self._lease.total_seconds()
        for result in batch:
            while not self._is_written(result) and time.monotonic() < until:
                time.sleep(BACK_OFF)

    def _is_written(self, result: Result) -> bool:
        """Whether nothing is left to be done about an outcome."""
        held = replace(result, claim=self._held(result.claim))
        try:
            with self._app.app_context():
                try:
                    turns.record([held], self._clock())
                except UNREACHABLE:
                    raise
                except Exception:  # a mistake of ours: unrecorded it would be sent again for ever
                    log.exception("The attempt at delivery %s cannot be stored", held.claim.id)
                    bare = replace(held, attempt=bare_attempt(held.attempt))
                    turns.record([bare], self._clock())
        except UNREACHABLE as error:
            log.warning("An outcome is not recorded yet, trying again: %s", _said(error))
            return False
        except Exception:
            log.exception("The outcome of delivery %s cannot be stored", held.claim.id)
        return True


def _said(error: Exception) -> object:
    """The database's own words, where there are some."""
    return getattr(error, "orig", error)
