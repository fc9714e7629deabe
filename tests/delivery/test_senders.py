"""The threads that send: they wake the loop only where it has something to do at once."""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Thread
from typing import Any

import pytest

from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue.claims import AttemptRecord, Claim, Job, Result
from webhooks_ui.delivery.retry import Decision
from webhooks_ui.delivery.worker import senders
from webhooks_ui.delivery.worker.senders import Senders
from webhooks_ui.models.event import EventContent


class Attempts:
    """Each succeeds at once."""

    def current(self, job: Job, _held: Claim) -> Job:
        return job

    def make(self, job: Job) -> Result:
        return Result(job.claim, AttemptRecord(1, now(), 1.0), Decision("succeeded"))


def job(number: int, moment: datetime) -> Job:
    content = EventContent("evt_1", "message_created", None, moment, b"{}")
    return Job(Claim(number, 1, 1), "wh_1", 1, None, True, content, 0.0)


def sent(count: int, *, is_awaited: bool) -> int:
    """How often the loop is woken while so many are sent."""
    woken: list[bool] = []
    attempts: Any = Attempts()
    held: Callable[[Claim], Claim] = lambda claim: claim  # noqa: E731
    running = Senders(attempts, 1, wake=lambda: woken.append(True), write=print, held=held)
    running.is_awaited = is_awaited
    running.submit([job(number, now()) for number in range(count)], count)
    while running.waiting():
        time.sleep(0)
    running.close()
    running.join()
    assert len(running.sent()) == count
    return len(woken)


@pytest.mark.parametrize(("is_awaited", "wakes"), [(False, 0), (True, 1)])
def test_a_result_wakes_it_where_more_is_to_be_claimed(is_awaited: bool, wakes: int) -> None:
    assert sent(3, is_awaited=is_awaited) == wakes


def test_many_results_wake_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "MANY", 4)
    assert sent(5, is_awaited=False) == 2


def test_fewer_threads_than_wanted_send_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's limit of processes counts threads, too."""
    starts = iter([Thread.start, _refused, _refused])

    def start(thread: Thread) -> None:
        next(starts)(thread)

    monkeypatch.setattr(Thread, "start", start)
    attempts: Any = Attempts()
    running = Senders(attempts, 3, wake=print, write=print, held=lambda claim: claim)
    running.submit([job(1, now()), job(2, now())], 2)
    running.submit([job(3, now())], 3)
    running.close()
    running.join()
    assert {one.claim.id for one in running.sent()} == {1, 2, 3}


def test_without_any_thread_the_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Thread, "start", _refused)
    attempts: Any = Attempts()
    running = Senders(attempts, 3, wake=print, write=print, held=lambda claim: claim)
    with pytest.raises(RuntimeError, match="new thread"):
        running.submit([job(1, now())], 1)
    running.close()
    running.join()


def _refused(_thread: Thread) -> None:
    raise RuntimeError("can't start new thread")
