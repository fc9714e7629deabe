"""Group commit: requests that wait at the same moment are stored in one transaction.

Whoever comes first leads: it waits until it may write, takes everybody along who has come by then,
commits, lets the next one lead, and waits for the disk. So there is no wait where nobody else is
there, and no thread of its own. A request is answered after its own commit; what fails in company
is tried alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from time import monotonic
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from webhooks_ui.database import driver, engine
from webhooks_ui.database.engine import UNREACHABLE, db
from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.database.writers import StuckError
from webhooks_ui.intake import fan_out
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.intake.postgres_store import PostgresStore
from webhooks_ui.intake.sqlite_store import SqliteStore
from webhooks_ui.intake.store import Store
from webhooks_ui.monitoring import metrics

MAX_EVENTS = 200
"""Events that are stored together, unless one request has more; so many take some milliseconds."""
_TRIES = 5  # of what loses a race for the same key or channel, or that the database undoes
_LOOK = 0.2  # seconds between looks whether this thread still may wait

State = Literal["waiting", "leading", "taken", "done"]


class _Request:
    """Events that are stored all or none, and what came of them."""

    def __init__(self, events: Sequence[IncomingEvent]) -> None:
        self.events = events
        self.until = monotonic() + engine.BUSY_TIMEOUT.total_seconds()
        self.state: State = "waiting"
        self.answer: list[Accepted] | Refusal = []
        self.large: list[int] = []  # events whose deliveries are made after the commit
        self.error: Exception | None = None
        self.signal = Lock()  # released when it is done, or leads
        self.signal.acquire()


class Group:
    """The requests of this process that wait to be stored, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[_Request] = []
        self._is_led = False

    def store(
        self, events: Sequence[IncomingEvent], *, patient: bool = False
    ) -> list[Accepted] | Refusal:
        """Stores the events and their deliveries, all or none; returns once they are committed.

        Where an event has very many deliveries, it is committed with the order to make them: they
        follow in parts, and others are let in between.
        """
        request = _Request(events)
        with engine.writers.admitted(patient=patient) as writer:
            self._store(request, writer)
            if request.error:
                raise request.error
        for event in request.large:
            fan_out.complete(event)
        return request.answer

    def _store(self, request: _Request, writer: object) -> None:
        if len(request.events) > MAX_EVENTS:  # long enough to be worth its own transaction
            _store_alone(request, writer)
            _make_lasting([request])
            return
        with self._lock:
            self._waiting.append(request)
            is_first = not self._is_led
            if is_first:
                self._is_led, request.state = True, "leading"
        if not is_first:  # whatever its state has become meanwhile
            self._wait(request, writer)
        if request.state == "leading":
            self._lead(request, writer)

    def _wait(self, request: _Request, writer: object) -> None:
        """Waits until the request is done, or leads; raises `StuckError` where that is in vain."""
        while not request.signal.acquire(timeout=_LOOK):
            with self._lock:
                is_late = engine.writers.has_to_give_up(writer) or monotonic() > request.until
                if request.state == "waiting" and is_late:
                    self._waiting.remove(request)
                    raise StuckError

    def _lead(self, leader: _Request, writer: object) -> None:
        """Stores what waits, up to `MAX_EVENTS` events; the next in line leads afterwards."""
        taken: list[_Request] = []

        def take() -> list[_Request]:
            with self._lock:
                taken.extend(_first(self._waiting, MAX_EVENTS))
                del self._waiting[: len(taken)]
                for one in taken:
                    one.state = "taken"
            return taken

        try:
            _commit(take, leader.until, writer, sure=False)
        except Exception as error:
            in_company = len(taken) > 1 and not isinstance(error, UNREACHABLE)
            if taken and (in_company or _may_succeed(error)):
                for one in taken:
                    _store_alone(one, writer)
            else:
                _fail(taken or [leader], error)
        finally:
            self._pass_on(leader)
            _make_lasting(taken)
            for one in taken:
                one.signal.release()

    def _pass_on(self, leader: _Request) -> None:
        with self._lock:
            if leader.state == "leading":  # it could not begin
                self._waiting.remove(leader)
            if self._waiting:
                self._waiting[0].state = "leading"
                self._waiting[0].signal.release()
            else:
                self._is_led = False


def store_of(engine: Engine) -> Store:
    """The store of this database."""
    return (SqliteStore if engine.dialect.name == "sqlite" else PostgresStore)(engine)


def _first(waiting: Sequence[_Request], most: int) -> Iterator[_Request]:
    """The first requests with `most` events together; the very first in any case."""
    total = 0
    for number, one in enumerate(waiting):
        total += max(len(one.events), 1)
        if number and total > most:
            return
        yield one


def _may_succeed(error: Exception) -> bool:
    """Whether nothing was stored for certain, and to try again is worth it."""
    return isinstance(error, IntegrityError) or driver.is_undone(error)


def _store_alone(request: _Request, writer: object) -> None:
    for tries_left in reversed(range(_TRIES)):
        try:
            _commit(lambda: [request], request.until, writer, sure=True)
        except Exception as error:
            if not tries_left or not _may_succeed(error):
                _fail([request], error)
                return
        else:
            return


def _make_lasting(requests: Sequence[_Request]) -> None:
    """Waits for the disk with the events that were stored, while others are being stored."""
    stored = [one for one in requests if not one.error]
    try:
        if stored:
            driver.make_lasting(db.engine)
    except OperationalError as error:
        _fail(stored, error)


def _fail(requests: Iterable[_Request], error: Exception) -> None:
    for one in requests:
        one.error = error


def _commit(
    take: Callable[[], list[_Request]], until: float, writer: object, *, sure: bool
) -> None:
    """Stores the requests that `take` gives once it may write, and sets their answers."""
    store = store_of(db.engine)
    with store.opened(writer, until) as cursor:
        requests = take()
        plan = store.plan(cursor, [one.events for one in requests], sure=sure)
        found = [plan.add(one.events) for one in requests]
        if plan.events:
            plan.moment = milliseconds(now())
            store.write(cursor, plan)
    for request, own in zip(requests, found, strict=True):
        request.answer = own if isinstance(own, Refusal) else plan.answers(own)
        if plan.large and not isinstance(own, Refusal):
            request.large = [plan.large[f.event_id] for f in own if f.event_id in plan.large]
    if deliveries := sum(plan.counts.values()):
        store.wake_workers()
    metrics.accepted((new.event.type for new in plan.events), deliveries)
