"""The engine on both databases: an app, webhooks put in directly, a worker to run."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.support.apps import MakeApp
from tests.support.program import Program
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import AttemptRecord, Demand, Job, Known, Turn
from webhooks_ui.delivery.worker import loop
from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.models import Attempt, Channel, Delivery, Webhook, webhook_changes
from webhooks_ui.models.public_ids import WEBHOOK, new_id
from webhooks_ui.models.webhook_settings import WebhookSettings

StartWorker = Callable[..., Program]


@pytest.fixture
def engine(make_engine: MakeApp) -> Flask:
    """The app."""
    return make_engine()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers in processes of their own; a test that fails leaves none behind.

    It takes the environment, and `before`: what is executed before the command.
    """
    started: list[Program] = []
    log = tmp_path / "workers.log"

    def start(environ: Mapping[str, str], before: str = "") -> Program:
        command = f"{before}\nfrom webhooks_ui.cli.main import main; main(['worker'])"
        started.append(Program("-c", command, environ={**os.environ, **environ}, log=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    if started:
        print(log.read_text())  # noqa: T201 - shown when the test fails


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers see at once what is due again, not within a second."""
    monkeypatch.setattr(loop, "POLL_EVERY", 0.05)


def subscribe(app: Flask, url: str, **changes: Any) -> str:
    """A webhook for every message that is created; its public id."""
    settings = WebhookSettings(
        name="",
        url=url,
        authorization=NoAuthorization(),
        events=("message_created",),
        channel=None,
        payload_format="envelope",
        enabled=True,
    )
    public_id = new_id(WEBHOOK)
    with app.app_context():
        if key := changes.pop("channel", None):
            changes["channel"] = Channel.by_key(key)
        webhook_changes.create(
            public_id, new_secret(), replace(settings, **changes), app.extensions["vault"], None
        )
    return public_id


def send(app: Flask, count: int = 1, **fields: Any) -> list[Accepted]:
    """Takes in events of one kind."""
    event = IncomingEvent(**{"type": "message_created", "data": b"{}", **fields})
    with app.app_context():
        answer = accept.accept([event] * count)
    assert not isinstance(answer, Refusal), str(answer.detail)
    return answer


def claim(
    slots: Mapping[int, int], default_slots: int, limit: int, moment: datetime, lease: timedelta
) -> Turn:
    """A turn that only claims; within an app context."""
    known = {webhook: Known(free) for webhook, free in slots.items()}
    return turns.turn([], Demand(known.get, default_slots, limit, lease), moment)


def attempt_at(
    job: Job, error: str | None, moment: datetime, status_code: int | None = None
) -> AttemptRecord:
    """An attempt at this delivery, without the facts that the queue does not look at."""
    number = job.claim.attempts_made + 1
    return AttemptRecord(number, moment, 1.0, error=error, status_code=status_code)


def switch_off(app: Flask, public_id: str, act: str) -> None:
    """Disables or deletes a webhook: `act` is ``disable`` or ``delete``."""
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        if act == "disable":
            webhook_changes.set_enabled(webhook, False, None)
        else:
            webhook_changes.delete(webhook, None)


def deliveries(app: Flask) -> list[Delivery]:
    """All deliveries by age, detached."""
    with app.app_context():
        found = db.session.query(Delivery).order_by(Delivery.id).all()
        db.session.expunge_all()
        return found


def attempts(app: Flask) -> list[Attempt]:
    """All attempts by age, detached."""
    with app.app_context():
        found = db.session.query(Attempt).order_by(Attempt.id).all()
        db.session.expunge_all()
        return found


def ended(app: Flask, count: int = 1) -> None:
    """Waits until so many deliveries have ended, well or badly."""
    over = Delivery.status.in_(["succeeded", "failed", "cancelled"])

    def found() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count(Delivery.id)).where(over)) or 0

    wait_until(lambda: found() >= count, what=f"{count} ended deliveries")


@contextmanager
def working(app: Flask, **options: Any) -> Iterator[Worker]:
    """A worker in a thread, which ends with the block and has then recorded all it sent."""
    worker = Worker(app, **options)
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(60)
        assert not thread.is_alive()
