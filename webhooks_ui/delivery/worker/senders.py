"""The threads that make the attempts: each takes a job, sends it and returns the result."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from flask import Flask

import webhooks_ui.delivery.http.transport  # noqa: F401  # the first attempt is not to wait for it
from webhooks_ui.crypto.vault import VaultError
from webhooks_ui.database.engine import UNREACHABLE
from webhooks_ui.database.types import EPOCH
from webhooks_ui.delivery import attempt_log
from webhooks_ui.delivery.attempt import Attempter
from webhooks_ui.delivery.attempt_record import unsent_attempt
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Job, Result
from webhooks_ui.delivery.retry import Policy, decide
from webhooks_ui.delivery.worker.endpoint_cache import EndpointCache
from webhooks_ui.monitoring import metrics

MANY = 50  # results that are enough for a turn of their own
STALE_AFTER = 0.1  # seconds since the claim after which the webhook is checked before sending
UNREADABLE = "unexpected error: the secrets cannot be decrypted, see the setting ENCRYPTION_KEYS"
BROKEN = "unexpected error: see the worker's log"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a thread returns; without `result` nothing was sent.

    The delivery is then due again at once (`is_released`) or, after a mistake of ours, when its
    lease ends.
    """

    claim: Claim
    error: str | None
    result: Result | None
    is_released: bool = False

    @property
    def status_code(self) -> int | None:
        """The response's, if there was one."""
        return self.result.attempt.status_code if self.result else None


class Attempts:
    """Makes attempts and decides what follows from them; thread-safe."""

    def __init__(
        self, app: Flask, clock: Callable[[], datetime], chance: Callable[[], float]
    ) -> None:
        self._app, self._clock, self._chance = app, clock, chance
        self._timeout: float = app.config["DELIVERY_TIMEOUT"]
        self._policy = Policy(app.config["RETRY_SCHEDULE"], app.config["DISABLE_AFTER"])
        self._attempter: Attempter = app.extensions["attempter"]
        self._endpoints = EndpointCache(app)

    def make(self, job: Job) -> Result:
        """One attempt. Raises one of `UNREACHABLE` when its endpoint cannot be read."""
        started_at = self._clock()
        # Recorded as failed attempts and retried by the schedule, since the key or the code may be
        # mended. Unrecorded, the delivery would be sent again each time its lease ends.
        try:
            return self._send(job, started_at)
        except UNREACHABLE:
            raise  # nothing was sent: no attempt
        except VaultError as error:
            log.critical("Delivery %s cannot be signed or authorized: %s", job.public_id, error)
            detail = UNREADABLE
        except Exception:
            log.exception("The attempt at delivery %s broke off", job.public_id)
            detail = BROKEN
        number = job.claim.attempts_made + 1
        return self._decide(job, unsent_attempt(detail, started_at, self._timeout, number), None)

    def _send(self, job: Job, started_at: datetime) -> Result:
        number = job.claim.attempts_made + 1
        endpoint = self._endpoints.get(job, started_at)
        attempt, outcome = self._attempter.make(
            job.event,
            endpoint,
            job.claim.message_id,
            started_at,
            webhook=job.claim.webhook_id,
            number=number,
        )
        metrics.attempted(attempt.error, attempt.duration_ms / 1000)
        return self._decide(job, attempt, outcome.retry_after if outcome else None)

    def _decide(self, job: Job, attempt: AttemptRecord, retry_after: str | None) -> Result:
        moment, created_at = self._clock(), timedelta(milliseconds=job.claim.created_at)
        decision = decide(
            self._policy,
            error=attempt.error,
            status_code=attempt.status_code,
            retry_after=retry_after,
            attempts_made=attempt.number,
            failing_since=job.failing_since,
            moment=moment,
            chance=self._chance,
            refusals=job.claim.refusals,
            age=moment - EPOCH - created_at,
        )
        attempt_log.log_attempt(job, attempt, decision)
        return Result(job.claim, attempt, decision)

    def current(self, job: Job, held: Claim) -> Job | None:
        """The job with its webhook's present version; None when it must not be sent any more.

        Raises one of `UNREACHABLE` when the database does not tell.
        """
        if monotonic() - job.claimed_at < STALE_AFTER:
            return job
        with self._app.app_context():
            version = turns.current_version(held)
        return None if version is None else replace(job, webhook_version=version)


class Senders:
    """Up to `maximum` threads, started as they are needed.

    `write` is called for a result that cannot wait for a turn, `held` tells the newest claim on a
    delivery, and `wake` is called when many results wait or, while `is_awaited`, when no more than
    `low_water` jobs do.
    """

    def __init__(
        self,
        attempts: Attempts,
        maximum: int,
        *,
        wake: Callable[[], None],
        write: Callable[[Result], None],
        held: Callable[[Claim], Claim],
    ) -> None:
        self._attempts, self._maximum = attempts, maximum
        self._wake, self._write, self._held = wake, write, held
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._sent: SimpleQueue[Sent] = SimpleQueue()
        self._threads: list[Thread] = []
        self.low_water = 0
        self.is_awaited = True  # there is more to send than could be claimed

    def submit(self, jobs: Sequence[Job], in_flight: int) -> None:
        """Has jobs sent, which makes `in_flight` in all. Raises RuntimeError without any thread."""
        for job in jobs:
            self._jobs.put(job)
        while len(self._threads) < min(in_flight, self._maximum):
            thread = Thread(target=self._run, name=f"send-{len(self._threads)}")
            try:
                thread.start()
            except RuntimeError as error:  # the system has no more threads
                if not self._threads:
                    raise
                log.warning("%s threads send, no more: %s", len(self._threads), error)
                return
            self._threads.append(thread)

    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return self._jobs.qsize()

    def has_to_wake(self) -> bool:
        """Whether what the threads have returned is not to wait for a turn that comes anyway."""
        count = self._sent.qsize()
        return count >= MANY or (
            count > 0 and self.is_awaited and self._jobs.qsize() <= self.low_water
        )

    def sent(self) -> list[Sent]:
        """What the threads have returned since the last call."""
        return [self._sent.get() for _ in range(self._sent.qsize())]  # one thread takes them

    def withdraw(self) -> list[Job]:
        """Takes back the jobs that wait for a thread."""
        found: list[Job] = []
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                found.append(job)
        return found

    def close(self) -> None:
        """Ends the threads once no job waits."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self) -> None:
        """Waits until the threads have ended."""
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while job := self._jobs.get():
            self._sent.put(self._send(job))
            if self.has_to_wake():
                self._wake()

    def _send(self, job: Job) -> Sent:
        try:
            current = self._attempts.current(job, self._held(job.claim))
            if current is None:
                return Sent(job.claim, "not_sent", None, is_released=True)
            result = self._attempts.make(current)
            if result.decision.disable:
                # At once, and before the slot is free: nothing more is to be sent to that webhook.
                self._write(result)
        except UNREACHABLE:
            return Sent(job.claim, "not_sent", None, is_released=True)
        except Exception:
            log.exception("Delivery %s was not attempted", job.public_id)
            return Sent(job.claim, "not_sent", None)
        return Sent(job.claim, result.attempt.error, result)
