"""The threads that make the attempts: each takes a job, sends it, brings back what came of it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from flask import Flask

from webhooks_ui.crypto.vault import VaultError
from webhooks_ui.database.engine import UNREACHABLE
from webhooks_ui.delivery import attempt_log
from webhooks_ui.delivery.attempt_record import attempt_of, unsent_attempt
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Job, Result
from webhooks_ui.delivery.request import compose
from webhooks_ui.delivery.retry import Policy, decide
from webhooks_ui.delivery.worker.endpoint_cache import Endpoints
from webhooks_ui.monitoring import metrics

STALE_AFTER = 0.1  # seconds since the claim, after which a job is looked at again before it is sent
UNREADABLE = "unexpected error: the secrets cannot be decrypted, see the setting ENCRYPTION_KEYS"
BROKEN = "unexpected error: see the worker's log"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a thread brings back; no result when nothing was sent.

    Then others may have it at once (`is_given_back`) or, after a mistake of ours, by its lease.
    """

    claim: Claim
    error: str | None
    result: Result | None
    is_given_back: bool = False


class Attempts:
    """Makes one attempt at a job and decides what follows from it; thread-safe."""

    def __init__(
        self, app: Flask, clock: Callable[[], datetime], chance: Callable[[], float]
    ) -> None:
        self._app, self._clock, self._chance = app, clock, chance
        self._timeout: float = app.config["DELIVERY_TIMEOUT"]
        self._policy = Policy(app.config["RETRY_SCHEDULE"], app.config["DISABLE_AFTER"])
        self._sender: Sender = app.extensions["sender"]
        self._endpoints = Endpoints(app)

    def make(self, job: Job) -> Result:
        """One attempt. Raises one of `UNREACHABLE` when its endpoint cannot be read."""
        started_at = self._clock()
        # Failures like any other to those who look, and tried again by the schedule: the key may
        # come back, the mistake be mended. Unrecorded they would be sent again with each lease.
        try:
            return self._made(job, started_at)
        except UNREACHABLE:
            raise  # nothing was sent, and nobody is to blame but the database
        except VaultError as error:
            log.critical("Delivery %s cannot be signed or authorized: %s", job.public_id, error)
            detail = UNREADABLE
        except Exception:
            log.exception("The attempt at delivery %s broke off", job.public_id)
            detail = BROKEN
        number = job.attempts_made + 1
        return self._decided(job, unsent_attempt(detail, started_at, self._timeout, number), None)

    def _made(self, job: Job, started_at: datetime) -> Result:
        number = job.attempts_made + 1
        endpoint = self._endpoints.of(job, started_at)
        request = compose(job.event, endpoint, job.public_id, started_at)
        outcome = self._sender.send(request)
        metrics.attempted(outcome.error, outcome.duration_ms / 1000)
        attempt = attempt_of(outcome, request, endpoint, started_at, self._timeout, number)
        return self._decided(job, attempt, outcome.retry_after)

    def _decided(self, job: Job, attempt: AttemptRecord, retry_after: str | None) -> Result:
        decision = decide(
            self._policy,
            error=attempt.error,
            status_code=attempt.status_code,
            retry_after=retry_after,
            attempts_made=attempt.number,
            failing_since=job.failing_since,
            moment=self._clock(),
            chance=self._chance,
        )
        attempt_log.log_attempt(job, attempt, decision)
        return Result(job.claim, attempt, decision)

    def current(self, job: Job, held: Claim) -> Job | None:
        """The job for the webhook as it is now; None when it is not to be sent any more.

        Raises one of `UNREACHABLE` while that cannot be found out.
        """
        if monotonic() - job.claimed_at < STALE_AFTER:
            return job
        with self._app.app_context():
            version = turns.version_for(held)
        return None if version is None else replace(job, webhook_version=version)


class Senders:
    """Up to `most` threads, started as they are needed.

    `rouse` is called when few jobs are left, `write` for an outcome that cannot wait.
    """

    def __init__(
        self,
        attempts: Attempts,
        most: int,
        *,
        rouse: Callable[[], None],
        write: Callable[[Result], None],
        held: Callable[[Claim], Claim],
    ) -> None:
        self._attempts, self._most = attempts, most
        self._rouse, self._write, self._held = rouse, write, held
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._sent: SimpleQueue[Sent] = SimpleQueue()
        self._threads: list[Thread] = []
        self.few = 0  # so many jobs left are few

    def hand_out(self, jobs: Sequence[Job], under_way: int) -> None:
        """Has jobs sent; with them so many are under way."""
        for job in jobs:
            self._jobs.put(job)
        while len(self._threads) < min(under_way, self._most):
            thread = Thread(target=self._run, name=f"send-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def waiting(self) -> int:
        """How many jobs have not been begun."""
        return self._jobs.qsize()

    def sent(self) -> list[Sent]:
        """What has been brought back since the last call."""
        found: list[Sent] = []
        while True:
            try:
                found.append(self._sent.get_nowait())
            except Empty:
                return found

    def take_back(self) -> list[Job]:
        """The jobs that have not been begun, and will not be."""
        found: list[Job] = []
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return found
            if job:
                found.append(job)

    def close(self) -> None:
        """Ends the threads, each once it finds nothing more to send."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self) -> None:
        """Waits until the threads have ended."""
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while job := self._jobs.get():
            self._sent.put(self._send(job))
            if self._jobs.qsize() <= self.few:
                self._rouse()

    def _send(self, job: Job) -> Sent:
        try:
            current = self._attempts.current(job, self._held(job.claim))
            if current is None:
                return Sent(job.claim, "not_sent", None, is_given_back=True)
            result = self._attempts.make(current)
            if result.decision.disable:
                # At once, and before the slot is free: nothing more is to be sent to that webhook.
                self._write(result)
        except UNREACHABLE:
            return Sent(job.claim, "not_sent", None, is_given_back=True)
        except Exception:
            log.exception("Delivery %s was not attempted", job.public_id)
            return Sent(job.claim, "not_sent", None)
        return Sent(job.claim, result.attempt.error, result)
