"""The worker: claims what is due, sends it in threads, writes down what came of it.

One thread decides: it claims, hands out, and gathers what the sending threads bring back. A second
one records, many outcomes to a transaction, so that a commit never holds up the sending.
"""

import logging
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy.exc import DBAPIError

from webhooks_ui import metrics
from webhooks_ui.database import UNREACHABLE, db, now
from webhooks_ui.delivery import attempt_log, queue, wake
from webhooks_ui.delivery.attempts import attempt_of, unsent_attempt
from webhooks_ui.delivery.endpoints import Endpoints
from webhooks_ui.delivery.message import compose
from webhooks_ui.delivery.queue import Claim, Job, Result
from webhooks_ui.delivery.retry import Policy, decide
from webhooks_ui.delivery.sender import Sender
from webhooks_ui.delivery.window import Windows
from webhooks_ui.vault import VaultError

LEASE_MARGIN = timedelta(seconds=30)
MOST_RECORDED = 100
RECORD_AFTER = 0.05  # seconds that an outcome waits for others to be recorded with
LOOK_EVERY = 1.0  # seconds between looks when nothing wakes the worker
RELEASE_EVERY = 5.0  # seconds between looks for leases that ran out
A_FEW = 0.004  # seconds in which several slots become free
UNREADABLE = "unexpected error: the secrets cannot be decrypted, see the setting ENCRYPTION_KEYS"
BACK_OFF = 1.0  # seconds after the database refused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sending thread brings back; no attempt when there was nothing to send."""

    claim: Claim
    error: str | None
    result: Result | None


class Worker:
    """Delivers until `stop` is called, then finishes what is under way."""

    def __init__(
        self,
        app: Flask,
        *,
        concurrency: int | None = None,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._app, self._clock, self._chance = app, clock, chance
        config = app.config
        self._concurrency = concurrency or config["WORKER_CONCURRENCY"]
        # As many again wait for a free thread, so that none is idle while the next are claimed.
        self._most = 2 * self._concurrency
        self._timeout: float = config["DELIVERY_TIMEOUT"]
        # Long enough to wait for a thread that an attempt holds, and then to take as long.
        self._lease = timedelta(seconds=2 * self._timeout) + LEASE_MARGIN
        self._policy = Policy(config["RETRY_SCHEDULE"], config["DISABLE_AFTER"])
        self._sender: Sender = app.extensions["sender"]
        self._endpoints = Endpoints(app)
        self._windows = Windows(config["ENDPOINT_CONCURRENCY"])
        self._under_way: dict[int, Claim] = {}
        self._sent: SimpleQueue[Sent] = SimpleQueue()
        self._to_record: SimpleQueue[Result | None] = SimpleQueue()
        self._stopping = Flag()
        with app.app_context():
            self._alarm = wake.alarm(db.engine, config["DATA_DIR"])

    def stop(self) -> None:
        """Ends `run` once what is under way has ended; may be called from a signal handler."""
        self._stopping.set()
        self._alarm.ring()

    def run(self) -> None:
        """Delivers until stopped."""
        recorder = Thread(target=self._record, name="recorder")
        recorder.start()
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="send")
        try:
            while not self._stopping.is_set():
                self._turn(pool)
        finally:
            pool.shutdown(cancel_futures=True)
            self._give_back()
            self._to_record.put(None)
            recorder.join()
            self._alarm.close()

    def _give_back(self) -> None:
        """Lets others have at once what was claimed and not begun."""
        self._gather()
        try:
            with self._app.app_context():
                queue.release(list(self._under_way.values()), self._clock())
        except (DBAPIError, *UNREACHABLE) as error:
            log.warning("What was not begun is due again when its leases end: %s", _said(error))

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        """One turn of the loop: gather, claim, hand out, or sleep until something happens."""
        self._gather()
        room = self._most - len(self._under_way)
        if room < self._concurrency // 2:
            time.sleep(A_FEW)  # busy: claim many at once, since each claim is a commit
            self._gather()
            room = self._most - len(self._under_way)
        jobs = self._claim(room) if room else []
        for job in jobs:
            pool.submit(self._send, job)
        if not jobs:
            self._alarm.wait(LOOK_EVERY)

    def _gather(self) -> None:
        while True:
            try:
                sent = self._sent.get_nowait()
            except Empty:
                return
            self._under_way.pop(sent.claim.id, None)
            self._windows.end(sent.claim.webhook_id, sent.error)

    def _claim(self, room: int) -> list[Job]:
        """Claims what is due and reads what is needed; nothing while the database refuses."""
        moment = self._clock()
        try:
            with self._app.app_context():
                self._release(moment)
                claims = queue.claim(
                    self._windows.free(), self._windows.usual, room, moment, self._lease
                )
                # After a jump of the clock a lease may seem over while its delivery is under way.
                fresh = [claim for claim in claims if claim.id not in self._under_way]
                self._under_way |= {c.id: c for c in claims if c.id in self._under_way}
                jobs = queue.jobs(fresh) if fresh else []
        except (DBAPIError, *UNREACHABLE) as error:
            log.warning("The queue is out of reach, trying again: %s", _said(error))
            self._stopping.wait(BACK_OFF)
            return []
        for job in jobs:
            self._under_way[job.claim.id] = job.claim
            self._windows.begin(job.claim.webhook_id)
        return jobs

    _released_at = float("-inf")

    def _release(self, moment: datetime) -> None:
        if time.monotonic() - self._released_at < RELEASE_EVERY:
            return
        self._released_at = time.monotonic()
        if count := queue.release_expired(moment):
            log.warning("%s deliveries of a worker that is gone are due again", count)

    def _send(self, job: Job) -> None:
        """Makes the attempt, in a thread of the pool."""
        result, error = None, "protocol_error"
        metrics.sending(1)
        try:
            result = self._attempt(job)
            error = result.attempt["error"] or ""
            if result.decision.disable:
                # At once, and before the slot is free: nothing more is to be sent to that webhook.
                self._write([result])
            else:
                self._to_record.put(result)
        except Exception:
            log.exception("Delivery %s was not attempted", job.public_id)
        metrics.sending(-1)
        self._sent.put(Sent(job.claim, error or None, result))
        self._alarm.ring()

    def _attempt(self, job: Job) -> Result:
        started_at, number = self._clock(), job.attempts_made + 1
        try:
            endpoint = self._endpoints.of(job, started_at)
        except VaultError as error:
            # A failure like any other to those who look, and tried again: the key may come back.
            log.critical("Delivery %s cannot be signed or authorized: %s", job.public_id, error)
            unsent = unsent_attempt(UNREADABLE, started_at, self._timeout, number)
            return self._decided(job, unsent, None)
        request = compose(job.event, endpoint, job.public_id, started_at)
        outcome = self._sender.send(request)
        metrics.attempted(outcome.error, outcome.duration_ms / 1000)
        attempt = attempt_of(outcome, request, endpoint, started_at, self._timeout, number)
        return self._decided(job, attempt, outcome.retry_after)

    def _decided(self, job: Job, attempt: dict[str, Any], retry_after: str | None) -> Result:
        decision = decide(
            self._policy,
            error=attempt["error"],
            status_code=attempt["status_code"],
            retry_after=retry_after,
            attempts_made=attempt["number"],
            failing_since=job.failing_since,
            moment=self._clock(),
            chance=self._chance,
        )
        attempt_log.note(job, attempt, decision)
        return Result(job.claim, attempt, decision)

    def _record(self) -> None:
        """Records outcomes until the end, many to a transaction; tries again when refused."""
        ended = False
        while not ended:
            batch, ended = self._batch()
            if batch:
                self._write(batch)

    def _write(self, batch: list[Result]) -> None:
        """Records outcomes, once the database lets it; what is left is due again by its lease."""
        until = time.monotonic() + self._lease.total_seconds()
        while time.monotonic() < until:
            try:
                with self._app.app_context():
                    queue.record([self._newest(result) for result in batch], self._clock())
            except UNREACHABLE as error:
                log.warning("Outcomes are not recorded yet, trying again: %s", _said(error))
                time.sleep(BACK_OFF)
            except Exception:  # a mistake of ours: it takes no other outcome along
                if len(batch) > 1:
                    for result in batch:
                        self._write([result])
                    return
                log.exception("The outcome of delivery %s cannot be stored", batch[0].claim.id)
                break
            else:
                return
        log.error("%s outcomes were not recorded; they are sent again", len(batch))

    def _newest(self, result: Result) -> Result:
        """The result under the claim that we hold now, should we have claimed it twice."""
        held = self._under_way.get(result.claim.id, result.claim)
        return replace(result, claim=held)

    def _batch(self) -> tuple[list[Result], bool]:
        """The next outcomes to record, and whether these are the last."""
        first = self._to_record.get()
        if first is None:
            return [], True
        batch, until = [first], time.monotonic() + RECORD_AFTER
        while len(batch) < MOST_RECORDED:
            try:
                more: Any = self._to_record.get(timeout=max(until - time.monotonic(), 0))
            except Empty:
                break
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False


def _said(error: Exception) -> object:
    """The database's own words, where there are some."""
    return getattr(error, "orig", error)
