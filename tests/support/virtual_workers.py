"""Workers and receivers in virtual time, on the real queue: what they do depends on no machine.

A turn of a worker and the window of a webhook are the engine's own. Threads, sockets and the clock
are not there: an attempt is a function of its time, which says what comes back and after how long.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from flask import Flask

from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Job, Result
from webhooks_ui.delivery.retry import Policy, decide
from webhooks_ui.delivery.worker.concurrency import ConcurrencyLimits
from webhooks_ui.delivery.worker.loop import MIN_TURN, POLL_EVERY
from webhooks_ui.delivery.worker.unrecorded import RECORD_AFTER

START = datetime.fromisoformat("2026-01-21T12:00:00+00:00")
LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes back of a request, and after how many seconds."""

    after: float
    status_code: int | None = 204
    error: str | None = None
    retry_after: str | None = None


Respond = Callable[[float], Reply]
"""What a receiver does with a request that reaches it at this second."""


@dataclass
class Simulation:
    """`workers` workers with `slots` slots each, until `ended` or nothing more is to be done.

    `receivers` are by their webhook's row; `taken` is at which seconds each of them took a request,
    `refused` how often it did not.
    """

    app: Flask
    receivers: Mapping[int, Respond]
    workers: int = 2
    slots: int = 64
    taken: dict[int, list[float]] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)

    def run(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Runs for so many virtual seconds at most."""
        order = count()
        workers = [VirtualWorker(self) for _ in range(self.workers)]
        agenda = [(0.001 * number, next(order), worker) for number, worker in enumerate(workers)]
        with self.app.app_context():
            while agenda and agenda[0][0] < seconds and not ended():
                at, _, worker = heapq.heappop(agenda)
                heapq.heappush(agenda, (worker.turn(at), next(order), worker))


class VirtualWorker:
    """The loop of a worker: see `webhooks_ui.delivery.worker.loop`."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        config = simulation.app.config
        self._policy = Policy(config["RETRY_SCHEDULE"], config["DISABLE_AFTER"])
        self._time = 0.0
        self._limits = ConcurrencyLimits(
            config["ENDPOINT_CONCURRENCY"], simulation.slots, lambda: self._time
        )
        self._in_flight: dict[int, tuple[float, Result]] = {}

    def turn(self, at: float) -> float:
        """A turn at this second; when the next one is."""
        self._time, moment = at, START + timedelta(seconds=at)
        results = [result for ends, result in self._in_flight.values() if ends <= at]
        for result in results:
            del self._in_flight[result.claim.id]
            made = result.attempt
            self._limits.end(result.claim.webhook_id, made.error, made.status_code)
        room = self._simulation.slots - len(self._in_flight)
        done = turns.turn(results, self._limits.demand(room, LEASE), moment)
        for job in done.jobs:
            self._limits.begin(job.claim.webhook_id, job.answers)
            self._in_flight[job.claim.id] = self._attempt(job, at)
        ends = min((ends for ends, _ in self._in_flight.values()), default=at + POLL_EVERY)
        sleep = RECORD_AFTER if results else POLL_EVERY
        return max(min(ends, at + done.resumes_in, at + sleep), at + MIN_TURN)

    def _attempt(self, job: Job, at: float) -> tuple[float, Result]:
        simulation, hook = self._simulation, job.claim.webhook_id
        reply = simulation.receivers[hook](at)
        if reply.error is None:
            simulation.taken.setdefault(hook, []).append(at)
        else:
            simulation.refused[hook] = simulation.refused.get(hook, 0) + 1
        ends = at + reply.after
        return ends, self._result(job.claim, job, reply, at, ends)

    def _result(self, claim: Claim, job: Job, reply: Reply, at: float, ends: float) -> Result:
        attempt = AttemptRecord(
            job.claim.attempts_made + 1,
            START + timedelta(seconds=at),
            30.0,
            duration_ms=int(reply.after * 1000),
            error=reply.error,
            status_code=reply.status_code,
        )
        decision = decide(
            self._policy,
            error=reply.error,
            status_code=reply.status_code,
            retry_after=reply.retry_after,
            attempts_made=attempt.number,
            failing_since=job.failing_since,
            moment=START + timedelta(seconds=ends),
            chance=lambda: 0.5,
            refusals=claim.refusals,
        )
        return Result(claim, attempt, decision)
