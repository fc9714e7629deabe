"""The worker: claims due deliveries, has threads send them, records the results.

One thread runs the loop. Each turn is one transaction that claims deliveries and records the
results that came meanwhile: the busier the worker, the more of them share a commit. Prefetched
jobs keep the sending threads busy during the turn.
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

from webhooks_ui.database.driver import reason_of
from webhooks_ui.database.engine import REFUSED, UNREACHABLE, db
from webhooks_ui.database.types import now
from webhooks_ui.delivery import retry
from webhooks_ui.delivery.attempt_record import bare_attempt
from webhooks_ui.delivery.queue import releases, turns, wakeup
from webhooks_ui.delivery.queue.claims import Claim, Demand, Job, Result
from webhooks_ui.delivery.worker import prefetch
from webhooks_ui.delivery.worker.concurrency import ConcurrencyLimits
from webhooks_ui.delivery.worker.leases import Leases
from webhooks_ui.delivery.worker.senders import Attempts, Senders
from webhooks_ui.delivery.worker.unrecorded import MAX_RECORDED, RECORD_AFTER, Unrecorded
from webhooks_ui.monitoring import metrics

LEASE_MARGIN = timedelta(seconds=30)
POLL_EVERY = 1.0  # seconds between claims when nothing wakes the worker
MIN_TURN = 0.01  # seconds, while the threads have enough to do
BACK_OFF = 1.0  # seconds after the database refused

log = logging.getLogger(__name__)


class Worker:
    """Delivers until `stop` is called, then finishes what is in flight.

    `parent` is the end of a socket pair that stops it when the other end is closed. `numbers` are
    its holder's, and that of one that has ended: what that had under way goes on at once.
    """

    def __init__(
        self,
        app: Flask,
        *,
        concurrency: int | None = None,
        parent: socket | None = None,
        numbers: tuple[int | None, int | None] = (None, None),
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._app, self._clock = app, clock
        config = app.config
        self._pace = prefetch.Pace(concurrency or config["WORKER_CONCURRENCY"])
        self._lease = prefetch.longest(config["DELIVERY_TIMEOUT"]) + LEASE_MARGIN
        most = retry.longest(config["RETRY_SCHEDULE"])
        self._leases = Leases(most, self._lease, before=numbers[1])
        self._limits = ConcurrencyLimits(config["ENDPOINT_CONCURRENCY"], self._pace.concurrency)
        self._in_flight: dict[int, Claim] = {}
        self._unsent: list[Claim] = []  # claimed, not in flight, to be released
        self._senders = Senders(
            Attempts(app, clock, chance),
            self._pace.concurrency,
            wake=self._wake,
            write=lambda result: self._write([result]),
            held=self._held,
        )
        self._results = Unrecorded()
        self._stopping, self._is_woken = Flag(), False
        self._claimed_at, self._after = float("-inf"), 0
        self._resumes_at = float("inf")  # when a webhook that is held may go on
        with app.app_context():
            self._alarm = wakeup.alarm(db.engine, parent, self._stopping.set, numbers[0])

    def stop(self) -> None:
        """Ends `run` once nothing is in flight; may be called from a signal handler."""
        self._stopping.set()
        self._alarm.ring()

    def is_busy(self) -> bool:
        """Whether deliveries wait for a thread, or more were due than the last claim could take."""
        return self._senders.waiting() > 0 or self._senders.is_awaited

    def run(self) -> None:
        """Delivers until stopped."""
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._finish()
            self._alarm.close()

    def _turn(self) -> None:
        """Collects results, records them and claims more, then sleeps until something happens."""
        self._is_woken = False
        self._collect()
        if not (is_reachable := self._record_and_claim()):
            time.sleep(BACK_OFF)
        has_time = not self._senders.has_to_wake() and len(self._results) < MAX_RECORDED
        self._sleep(is_reachable and has_time)

    def _sleep(self, has_time: bool) -> None:
        """Until there are events or results to take in; without time it only checks."""
        is_busy = bool(self._in_flight or self._results)
        start = time.monotonic()
        until = min(self._resumes_at, self._results.until)
        most = min(RECORD_AFTER if is_busy else POLL_EVERY, max(until - start, 0))
        if self._alarm.wait(most if has_time else 0):
            self._claimed_at = float("-inf")
        # A turn costs as much as many deliveries.
        if self._senders.waiting() > self._senders.low_water:
            time.sleep(max(MIN_TURN - (time.monotonic() - start), 0))

    def _wake(self) -> None:
        """Ends `_sleep`; called by the sending threads."""
        if not self._is_woken:
            self._is_woken = True
            self._alarm.ring()

    def _collect(self) -> None:
        """Takes in what the threads have returned."""
        sent = self._senders.sent()
        for one in sent:
            held = self._in_flight.pop(one.claim.id, one.claim)
            self._limits.end(held.webhook_id, one.error, one.status_code)
            # A result that disables its webhook has been recorded already.
            if (result := one.result) and not result.decision.disable:
                self._results.add(result if result.claim is held else replace(result, claim=held))
            if one.is_released:
                self._unsent.append(held)
        self._pace.record_sent(len(sent))
        metrics.in_flight(min(len(self._in_flight), self._pace.concurrency))
        if self._unsent:
            self._release()

    def _record_and_claim(self) -> bool:
        """One transaction of the queue; false when the database refuses."""
        start = time.monotonic()
        is_due = start >= min(self._claimed_at + POLL_EVERY, self._resumes_at)
        if not self._results and not is_due:
            return True
        has_time = not (self._senders.is_awaited or self._stopping.is_set())
        batch, moment = self._results.batch(claims=is_due and has_time), self._clock()
        self._claimed_at, self._resumes_at = start, float("inf")
        self._senders.is_awaited, jobs = True, list[Job]()
        try:
            with self._app.app_context():
                look_in = self._leases.run_once(self._alarm.number, moment)
                turn = turns.turn(batch, self._demand(), moment)
        except UNREACHABLE as error:
            log.warning("The queue is out of reach, trying again: %s", reason_of(error))
            return False
        except turns.UnreadError as unread:
            log.exception("What was claimed cannot be read, and is due again")
            self._unsent += unread.claims
        except Exception:
            if not batch:
                log.exception("Nothing can be claimed, trying again")
                return False
            self._write(batch)  # one by one: what cannot be stored takes no other along
        else:
            jobs = self._fresh(turn.jobs)
            self._resumes_at = start + max(min(turn.resumes_in, look_in), MIN_TURN)
            self._senders.is_awaited, self._after = turn.is_more, turn.after
        self._results.forget(len(batch))
        self._submit(jobs)
        return True

    def _demand(self) -> Demand:
        room = 0 if self._stopping.is_set() else self._pace.room(len(self._in_flight))
        demand = self._limits.demand(room, self._lease)
        return replace(demand, holder=self._alarm.holder, after=self._after)

    def _fresh(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of deliveries that are not in flight here already.

        After a jump of the clock a lease may seem to have ended while its delivery is in flight.
        """
        again = {job.claim.id: job.claim for job in jobs if job.claim.id in self._in_flight}
        self._in_flight |= again
        return [job for job in jobs if job.claim.id not in again]

    def _submit(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._in_flight[job.claim.id] = job.claim
            self._limits.begin(job.claim.webhook_id, job.answers)
        self._pace.record_sizes(len(job.event.data) for job in jobs)
        self._senders.low_water = self._pace.low_water
        self._senders.submit(jobs, len(self._in_flight))

    def _release(self) -> None:
        """Makes due again what was claimed and not sent; tried again if the database refuses."""
        try:
            with self._app.app_context():
                releases.release(self._unsent, self._clock())
            self._unsent = []
        except REFUSED as error:
            log.warning("What was not sent is not due again, trying again: %s", reason_of(error))

    def _held(self, claim: Claim) -> Claim:
        """The newest claim on the same delivery, should this worker have claimed it twice."""
        return self._in_flight.get(claim.id, claim)

    def _finish(self) -> None:
        """Releases what was not begun; records what is in flight until it has ended."""
        for job in self._senders.withdraw():
            self._unsent.append(self._in_flight.pop(job.claim.id))
        self._release()
        self._senders.close()
        until = time.monotonic() + self._lease.total_seconds()
        while (self._in_flight or self._results) and time.monotonic() < until:
            self._turn()
        self._senders.join()
        if unrecorded := len(self._results):
            log.error("%s results were not recorded; their deliveries are sent again", unrecorded)

    def _write(self, batch: Sequence[Result]) -> None:
        """Records results one by one, retrying while the database refuses, until leases end."""
        until = time.monotonic() + self._lease.total_seconds()
        for result in batch:
            while not self._is_written(result) and time.monotonic() < until:
                time.sleep(BACK_OFF)

    def _is_written(self, result: Result) -> bool:
        """Records a result; whether nothing more is to be done about it."""
        held = replace(result, claim=self._held(result.claim))
        try:
            with self._app.app_context():
                try:
                    turns.record([held], self._clock())
                except UNREACHABLE:
                    raise
                except Exception:  # a mistake of ours; unrecorded, it would be sent again for ever
                    log.exception("The attempt at delivery %s cannot be stored", held.claim.id)
                    bare = replace(held, attempt=bare_attempt(held.attempt))
                    turns.record([bare], self._clock())
        except UNREACHABLE as error:
            log.warning("A result is not recorded yet, trying again: %s", reason_of(error))
            return False
        except Exception:
            log.exception("The result of delivery %s cannot be stored", held.claim.id)
        return True
