"""Test events: sent by the real sender, once, while the console's own threads stay free.

A receiver that hangs holds a test for the whole time-out. Tests therefore run in threads of their
own; the page is answered at once and asks again for the result.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Semaphore

from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.attempt_record import attempt_of
from webhooks_ui.delivery.http.sender import OutgoingRequest, Sender
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.request import Endpoint, compose
from webhooks_ui.egress.guard import Guard, system_resolve
from webhooks_ui.models import Channel, Delivery, Event, Receiver, Webhook
from webhooks_ui.models.event import EventContent

MAX_AT_ONCE = 64
MAX_WAITING = 3  # answers that wait for a result: each holds one of the server's few threads
LEASE_MARGIN = timedelta(seconds=10)
log = logging.getLogger(__name__)


class TooManyTestsError(Exception):
    """So many tests wait for their receivers that another is refused."""


@dataclass(frozen=True, slots=True)
class TestEvent:
    """A test to be sent. `public_id` is the delivery's: the same one again sends nothing again."""

    public_id: str
    endpoint: Endpoint
    event_type: str
    data: bytes
    channel: Channel | None
    webhook: Webhook | None = None
    draft_id: str | None = None


class TestRunner:
    """Runs tests in threads of its own, at most `MAX_AT_ONCE` at a time."""

    def __init__(self, app: Flask, sender: Sender, timeout: float) -> None:
        self._app, self._sender, self._timeout = app, sender, timeout
        self._pool = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="test-event")
        self._lock = Lock()
        self._waiting = Semaphore(MAX_WAITING)
        self._running: dict[str, Future[None]] = {}

    def send(self, test: TestEvent) -> None:
        """Stores and starts the test. Raises `TooManyTestsError`; one id is sent once."""
        with self._lock:
            if test.public_id in self._running:
                return
            if len(self._running) >= MAX_AT_ONCE:
                raise TooManyTestsError
            reserved = self._running[test.public_id] = Future()
        try:
            moment = now()
            content = _store(test, moment, self._timeout)
            request = compose(content, test.endpoint, test.public_id, moment)
            self._pool.submit(self._run, test, request, moment).add_done_callback(
                lambda done: self._finish(test.public_id, reserved, done)
            )
        except IntegrityError:
            self._finish(test.public_id, reserved)  # sent before: the page shows what came of it
        except BaseException:
            self._finish(test.public_id, reserved)
            raise

    def wait(self, public_id: str, seconds: float) -> None:
        """Waits until the test has ended, `seconds` at most; not at all when many wait already."""
        running = self._running.get(public_id)
        if running is None or not self._waiting.acquire(blocking=False):
            return
        with suppress(TimeoutError):
            running.result(seconds)
        self._waiting.release()

    def send_and_wait(self, test: TestEvent, seconds: float) -> None:
        """Sends the test and waits until it has ended, `seconds` at most.

        Raises `TooManyTestsError` also when as many answers wait already as threads allow.
        """
        if not self._waiting.acquire(blocking=False):
            raise TooManyTestsError
        try:
            self.send(test)
            if running := self._running.get(test.public_id):
                with suppress(TimeoutError):
                    running.result(seconds)
        finally:
            self._waiting.release()

    def close(self) -> None:
        """Waits for the tests under way, which end within the time-out."""
        self._pool.shutdown()

    def _run(self, test: TestEvent, request: OutgoingRequest, moment: datetime) -> None:
        outcome = self._sender.send(request)
        with self._app.app_context():
            attempt = attempt_of(outcome, request, test.endpoint, moment, self._timeout)
            turns.finish_ping(test.public_id, attempt, now())

    def _finish(
        self, public_id: str, reserved: Future[None], done: Future[None] | None = None
    ) -> None:
        if done and (error := done.exception()):
            log.error("The result of test %s was not stored", public_id, exc_info=error)
        with self._lock:
            self._running.pop(public_id, None)
        reserved.set_result(None)


def init_app(app: Flask) -> None:
    """Makes the one sender of this process and the runner of its tests."""
    timeout = app.config["DELIVERY_TIMEOUT"]
    resolve = app.config.get("RESOLVER", system_resolve)

    def is_receiver(url: str) -> bool:
        with app.app_context():
            return Receiver.is_at(url)

    guard = Guard(app.config["ALLOWED_NETWORKS"], resolve, is_own=is_receiver)
    app.extensions["guard"] = guard
    app.extensions["sender"] = Sender(guard, timeout=timeout, **app.config.get("SENDER", {}))
    app.extensions["tests"] = TestRunner(app, app.extensions["sender"], timeout)


def runner() -> TestRunner:
    """The current app's runner."""
    found: TestRunner = current_app.extensions["tests"]
    return found


def _store(test: TestEvent, moment: datetime, timeout: float) -> EventContent:
    with transaction():
        event = Event(
            type=test.event_type,
            data=test.data,
            channel_id=test.channel.id if test.channel else None,
            channel=test.channel.snapshot if test.channel else None,
            occurred_at=moment,
            test=True,
        )
        delivery = Delivery(
            public_id=test.public_id,
            event=event,
            webhook_id=test.webhook.id if test.webhook else None,
            draft_id=test.draft_id,
            type=event.type,
            channel_id=event.channel_id,
            test=True,
            status="delivering",
            lease_until=moment + timedelta(seconds=timeout) + LEASE_MARGIN,
        )
        db.session.add(delivery)
        db.session.flush()  # which gives the event its id
    return event.content
