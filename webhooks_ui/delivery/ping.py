"""Pings: test events, sent once by the real sender.

A receiver that hangs holds a ping for the whole time-out. Pings therefore run in threads of their
own, and the page polls for the result.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Semaphore

from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError

from webhooks_ui import audit
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.attempt import Attempter
from webhooks_ui.delivery.http.pool import Pool
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.request import Endpoint
from webhooks_ui.egress.guard import Guard
from webhooks_ui.egress.resolver import system_resolve
from webhooks_ui.models import Channel, Delivery, Event, Receiver, Webhook, form_keys
from webhooks_ui.models.event import EventContent

MAX_AT_ONCE = 64
MAX_WAITING = 3  # requests that wait for a result: each holds one of the server's few threads
LEASE_MARGIN = timedelta(seconds=10)
log = logging.getLogger(__name__)


class TooManyPingsError(Exception):
    """`MAX_AT_ONCE` pings are in flight, or `MAX_WAITING` requests wait."""


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping to be sent. `public_id` is the delivery's; `form_key` makes sending idempotent."""

    public_id: str
    endpoint: Endpoint
    event_type: str
    data: bytes
    channel: Channel | None
    webhook: Webhook | None = None
    draft_id: str | None = None
    form_key: str | None = None


class PingRunner:
    """Sends pings in threads of its own, at most `MAX_AT_ONCE` at a time."""

    def __init__(self, app: Flask, timeout: float) -> None:
        self._app, self._timeout = app, timeout
        self._attempter: Attempter = app.extensions["attempter"]
        self._most: int = app.config["OPEN_FILES"].pings
        self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="ping")
        self._lock = Lock()
        self._waiting = Semaphore(MAX_WAITING)
        self._running: dict[str, Future[None]] = {}

    def send(self, ping: Ping) -> str:
        """Stores and starts a ping; returns its delivery's id. Raises `TooManyPingsError`.

        A form that was sent before sends nothing: the id is that of its first delivery.
        """
        if earlier := _sent_before(ping):
            return earlier
        with self._lock:
            if len(self._running) >= min(MAX_AT_ONCE, self._most):
                raise TooManyPingsError
            reserved = self._running[ping.public_id] = Future()
        try:
            moment = now()
            content = _store(ping, moment, self._timeout)
            webhook = ping.webhook.id if ping.webhook else None
            self._pool.submit(self._run, ping, content, webhook, moment).add_done_callback(
                lambda done: self._finish(ping.public_id, reserved, done)
            )
        except BaseException as error:
            self._finish(ping.public_id, reserved)
            if isinstance(error, IntegrityError) and (earlier := _sent_before(ping)):
                return earlier
            raise
        return ping.public_id

    def wait(self, public_id: str, seconds: float) -> None:
        """Waits `seconds` at most for a ping to end; not at all while `MAX_WAITING` wait."""
        with suppress(TooManyPingsError), self._place():
            self._join(public_id, seconds)

    def send_and_wait(self, ping: Ping, seconds: float) -> None:
        """Sends a ping and waits `seconds` at most for it to end. Raises `TooManyPingsError`."""
        with self._place():
            self.send(ping)
            self._join(ping.public_id, seconds)

    def close(self) -> None:
        """Waits for the pings in flight, which end within the time-out."""
        self._pool.shutdown()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for requests that wait. Raises `TooManyPingsError`."""
        if not self._waiting.acquire(blocking=False):
            raise TooManyPingsError
        try:
            yield
        finally:
            self._waiting.release()

    def _join(self, public_id: str, seconds: float) -> None:
        if running := self._running.get(public_id):
            with suppress(TimeoutError):
                running.result(seconds)

    def _run(
        self, ping: Ping, content: EventContent, webhook: int | None, moment: datetime
    ) -> None:
        attempt, _outcome = self._attempter.make(
            content, ping.endpoint, ping.public_id, moment, webhook=webhook
        )
        with self._app.app_context():
            turns.finish_ping(ping.public_id, attempt, now())

    def _finish(
        self, public_id: str, reserved: Future[None], done: Future[None] | None = None
    ) -> None:
        if done and (error := done.exception()):
            log.error("The result of ping %s was not stored", public_id, exc_info=error)
        with self._lock:
            self._running.pop(public_id, None)
        reserved.set_result(None)


def init_app(app: Flask) -> None:
    """Makes the sender of this process and the runner of its pings."""
    config = app.config
    timeout, resolve = config["DELIVERY_TIMEOUT"], config.get("RESOLVER", system_resolve)

    def is_receiver(url: str) -> bool:
        with app.app_context():
            return Receiver.is_at(url)

    guard = Guard(
        config["ALLOWED_NETWORKS"], resolve, only=config["EGRESS_ALLOW"], is_own=is_receiver
    )
    app.extensions["guard"] = guard
    app.extensions["sender"] = Sender(
        guard,
        timeout=timeout,
        pool=Pool(config["OPEN_FILES"].idle_receivers),
        ca_file=config["CA_FILE"],
        may_skip_verification=config["ALLOW_INSECURE_TLS"],
        proxy=config["EGRESS_PROXY"],
    )
    app.extensions["attempter"] = Attempter(app, app.extensions["sender"], timeout)
    app.extensions["pings"] = PingRunner(app, timeout)


def runner() -> PingRunner:
    found: PingRunner = current_app.extensions["pings"]
    return found


def _sent_before(ping: Ping) -> str | None:
    return form_keys.made_by(ping.form_key) if ping.form_key else None


def _store(ping: Ping, moment: datetime, timeout: float) -> EventContent:
    with transaction():
        event = Event(
            type=ping.event_type,
            data=ping.data,
            channel_id=ping.channel.id if ping.channel else None,
            channel=ping.channel.snapshot if ping.channel else None,
            occurred_at=moment,
            created_at=moment,
            test=True,
        )
        delivery = Delivery(
            public_id=ping.public_id,
            event=event,
            webhook_id=ping.webhook.id if ping.webhook else None,
            draft_id=ping.draft_id,
            type=event.type,
            channel_id=event.channel_id,
            test=True,
            created_at=moment,
            status="delivering",
            lease_until=moment + timedelta(seconds=timeout) + LEASE_MARGIN,
        )
        db.session.add(delivery)
        if ping.form_key:
            form_keys.remember(ping.form_key, ping.public_id)
        db.session.flush()  # which gives the event its id
        name = ping.webhook.title if ping.webhook else ping.endpoint.url
        about = ping.webhook.public_id if ping.webhook else ping.draft_id
        facts = {"delivery": ping.public_id, "event_type": ping.event_type}
        audit.record("webhook.tested", "webhook", about, name, details=facts)
    return event.content
