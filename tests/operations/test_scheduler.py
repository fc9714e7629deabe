"""The background jobs of a worker: each has its turn, and what has more to do goes on."""

from datetime import datetime

import pytest
from flask import Flask

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.jobs import scheduler
from webhooks_ui.jobs.scheduler import LEASE, Job, Scheduler
from webhooks_ui.models import JobRun


def test_a_job_that_has_more_to_do_goes_on_without_a_look_at_the_others(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "POLL_INTERVAL", 3600.0)
    left, looks = [True, True, True, False], list[datetime]()

    def is_due(moment: datetime, _done_at: datetime) -> bool:
        looks.append(moment)
        return False

    long = Job("long", lambda _moment, _done_at: True, lambda: left.pop(0))
    assert not Scheduler(engine, [long, Job("other", is_due, lambda: False)]).run_once()
    assert left == []
    assert len(looks) == 1


def test_two_workers_that_begin_a_new_job_together_do_not_refuse_each_other(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = now()
    with engine.app_context():
        assert JobRun.acquire("new", moment, LEASE)
        monkeypatch.setattr(db.session, "get", lambda *_: None)  # as the other sees it
        assert not JobRun.acquire("new", moment, LEASE)


def test_a_worker_that_was_too_slow_leaves_the_lease_to_another(engine: Flask) -> None:
    moment = now()
    later = moment + LEASE

    def step() -> bool:
        """While the lease runs out, another worker takes the job over."""
        assert JobRun.acquire("slow", later, LEASE)
        return False

    slow = Job("slow", lambda _moment, _done_at: True, step)
    assert not Scheduler(engine, [slow], clock=lambda: moment).run_once()
    with engine.app_context():
        assert not JobRun.acquire("slow", later, LEASE)


def test_a_job_that_takes_long_gives_way_to_the_others(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "POLL_INTERVAL", 0.0)
    steps: list[str] = []

    def job(name: str, *, has_more: bool) -> Job:
        def step() -> bool:
            steps.append(name)
            return has_more

        return Job(name, lambda _moment, _done_at: True, step)

    jobs = [job("long", has_more=True), job("other", has_more=False)]
    assert Scheduler(engine, jobs).run_once()
    assert steps == ["long", "other"]
