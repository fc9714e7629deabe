"""Any order of what can happen to the queue: its promises hold after each step.

The machine plays several workers at once, that crash, wake late and see the clock jump. It keeps
its own account of what was recorded under a claim that held, and compares.
"""

import atexit
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection

from tests.engine.conftest import attempt_at, subscribe
from tests.engine.conftest import claim as claim_due
from tests.support import kept_log
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.delivery.queue import releases, turns
from webhooks_ui.delivery.queue.claims import Claim, Job, Result
from webhooks_ui.delivery.retry import Policy, decide
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake.event import IncomingEvent, Refusal
from webhooks_ui.models import Attempt, Delivery, Event, Webhook, webhook_changes
from webhooks_ui.server import process

SECOND = timedelta(seconds=1)
LEASE = 45 * SECOND
POLICY = Policy((5 * SECOND, 300 * SECOND), timedelta(hours=2))
WEBHOOKS = 3
ENDED = {"succeeded", "failed", "cancelled"}

which = st.integers(0, WEBHOOKS - 1)
outcomes = st.sampled_from(
    [
        *[(None, 200), ("http_status", 500), ("http_status", 410), ("timeout", None)],
        ("http_status", 429),
    ]
)


class QueueMachine(RuleBasedStateMachine):
    """`held` are the jobs of all workers, living, late and dead alike."""

    def __init__(self) -> None:
        super().__init__()
        self.app = emptied()
        self.moment = datetime(2026, 1, 21, 12, 0, tzinfo=UTC)
        self.accepted: set[str] = set()
        self.held: list[Job] = []
        self.recorded: dict[int, int] = {}
        self.over: dict[int, tuple[Any, ...]] = {}

    @initialize()
    def make_webhooks(self) -> None:
        self.webhooks = [subscribe(self.app, f"http://127.0.0.1/{n}") for n in range(WEBHOOKS)]

    # What can happen.

    @rule(count=st.integers(1, 4))
    def accept(self, count: int) -> None:
        with self.app.app_context():
            wanting = self.wanting()
        with self.app.app_context():  # what was read above is not read again in its transaction
            answers = intake.accept([IncomingEvent("message_created", b"{}")] * count)
            assert not isinstance(answers, Refusal)
            assert [answer.deliveries for answer in answers] == [wanting] * count
            ids = [answer.event_id for answer in answers]
            of_them = select(Delivery.public_id).join(Event).where(Event.public_id.in_(ids))
            found = set(db.session.scalars(of_them))
        assert len(found) == wanting * count
        self.accepted |= found

    @rule(usual=st.integers(0, 3), most=st.integers(1, 8), named=st.dictionaries(which, which))
    def claim(self, usual: int, most: int, named: dict[int, int]) -> None:
        with self.app.app_context():
            slots = {self.webhook(number).id: count for number, count in named.items()}
            due = self.due()
            held = self.held_webhooks()
            turn = claim_due(slots, usual, most, self.moment, LEASE)
            taken = dict.fromkeys(due, 0)
            for job in turn.jobs:
                webhook = db.session.get_one(Webhook, job.claim.webhook_id)
                assert webhook.enabled
                assert webhook.deleted_at is None
                taken[job.claim.webhook_id] += 1
        expected = {
            hook: min(n, slots.get(hook, usual), held.get(hook, n)) for hook, n in due.items()
        }
        assert len(turn.claims) == len(turn.jobs) == min(most, sum(expected.values()))
        assert all(taken[hook] <= most_of_it for hook, most_of_it in expected.items())
        assert is_fair(taken, expected)
        self.held += turn.jobs

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        jobs = data.draw(st.lists(st.sampled_from(self.held), min_size=1, max_size=4))
        results = []
        for job in jobs:
            error, status_code = data.draw(outcomes)
            decision = decide(
                POLICY,
                error=error,
                status_code=status_code,
                retry_after=None,
                attempts_made=job.claim.attempts_made + 1,
                failing_since=job.failing_since,
                moment=self.moment,
                refusals=job.claim.refusals,
                chance=lambda: 0.5,
            )
            made = attempt_at(job, error, self.moment)
            results.append(Result(job.claim, made, decision))
        with self.app.app_context():
            current = self.claims_that_hold(jobs)
            turns.record(results, self.moment)
        for claim in {result.claim for result in results} & current:
            self.recorded[claim.id] = self.recorded.get(claim.id, 0) + 1

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        """A worker dies: nobody will ever record these."""
        lost = data.draw(st.lists(st.sampled_from(self.held), min_size=1))
        self.held = [job for job in self.held if job not in lost]

    @rule()
    def release(self) -> None:
        with self.app.app_context():
            releases.release_expired(self.moment)
            releases.pull_back(self.moment, max(POLICY.schedule) * 2, LEASE)
            leases = select(Delivery.lease_until).where(Delivery.status == "delivering")
            for lease_until in db.session.scalars(leases):
                assert lease_until
                assert timedelta() <= lease_until - self.moment <= releases.MAX_SKEW

    @rule(jump=st.sampled_from([SECOND, 6 * SECOND, 60 * SECOND, timedelta(hours=1)]))
    def go_on(self, jump: timedelta) -> None:
        self.moment += jump

    @rule(jump=st.sampled_from([timedelta(hours=-1), timedelta(hours=-3), timedelta(days=10)]))
    def jump(self, jump: timedelta) -> None:
        self.moment += jump

    @rule(number=which)
    def edit(self, number: int) -> None:
        with self.app.app_context(), transaction():
            webhook = self.webhook(number)
            webhook.url = f"http://127.0.0.1/{number}/{webhook.version}"

    @rule(number=which)
    def switch(self, number: int) -> None:
        with self.app.app_context():
            webhook = self.webhook(number)
            webhook_changes.set_enabled(webhook, not webhook.enabled, None)

    @rule(number=which)
    def delete_or_restore(self, number: int) -> None:
        with self.app.app_context():
            webhook = self.webhook(number)
            act = webhook_changes.restore if webhook.deleted_at else webhook_changes.delete
            act(webhook, None)

    # What holds all the time.

    @invariant()
    def promises_are_kept(self) -> None:
        with self.app.app_context():
            rows = db.session.execute(select(*_FACTS).join(Webhook)).all()
            numbers: dict[int, list[int]] = {row.id: [] for row in rows}
            made = select(Attempt.delivery_id, Attempt.number).order_by(Attempt.id)
            for delivery_id, number in db.session.execute(made):
                numbers[delivery_id].append(number)
        # Nothing that was accepted is lost.
        assert {row.public_id for row in rows} == self.accepted
        for row in rows:
            self.state_is_sound(row)
            # Each attempt is recorded once, and only by who held the claim.
            assert numbers[row.id] == list(range(1, row.attempts_made + 1))
            assert row.attempts_made == self.recorded.get(row.id, 0)

    def state_is_sound(self, row: Any) -> None:
        assert row.status in {"pending", "delivering"} | ENDED
        assert (row.status == "pending") == (row.due_at is not None)
        assert (row.status == "delivering") == (row.lease_until is not None)
        if row.status == "pending":  # nothing waits for a webhook that is off
            assert row.enabled
            assert row.deleted_at is None
        # What has ended never changes again.
        facts = (row.status, row.claims, row.attempts_made)
        if row.status in ENDED:
            assert self.over.setdefault(row.id, facts) == facts
        else:
            assert row.id not in self.over

    # What the rules ask.

    def webhook(self, number: int) -> Webhook:
        query = select(Webhook).where(Webhook.public_id == self.webhooks[number])
        return db.session.scalars(query).one()

    def wanting(self) -> int:
        on = select(func.count(Webhook.id)).where(Webhook.enabled, Webhook.deleted_at.is_(None))
        return db.session.scalar(on) or 0

    def due(self) -> Counter[int]:
        """How many are due for each webhook."""
        due = (Delivery.status == "pending") & (Delivery.due_at <= self.moment)
        return Counter(db.session.scalars(select(Delivery.webhook_id).where(due)))

    def held_webhooks(self) -> dict[int, int]:
        """How many each webhook that is held may be sent now: none, or one to probe it."""
        held = select(Webhook.id, Webhook.held_until).where(Webhook.hold_reason.is_not(None))
        found = db.session.execute(held)
        return {row: int(until is None or until <= self.moment) for row, until in found}

    def claims_that_hold(self, jobs: list[Job]) -> set[Claim]:
        """Of these jobs; also that of a lease that ran out, while nobody has claimed it again."""
        columns = select(Delivery.id, Delivery.claims, Delivery.attempts_made)
        is_open = columns.where(Delivery.status.in_(("delivering", "pending")))
        found = {tuple(row) for row in db.session.execute(is_open)}
        own = [(job.claim.id, job.claim.claims, job.claim.attempts_made) for job in jobs]
        return {job.claim for job, one in zip(jobs, own, strict=True) if one in found}


def is_fair(taken: dict[int, int], possible: dict[int, int]) -> bool:
    """Nobody has two more than one who could have had more."""
    short = [taken[hook] for hook in taken if taken[hook] < possible[hook]]
    return not short or max(taken.values()) <= min(short) + 1


def emptied() -> Flask:
    """An app on a database without rows but the audit log's; the same one for all the machines."""
    if not _APPS:
        folder = TemporaryDirectory(prefix="machine-")
        app = create_app({"DATA_DIR": Path(folder.name), "TESTING": True})
        upgrade(app)
        atexit.register(folder.cleanup)
        atexit.register(process.close, app)
        _APPS.append(app)
        with app.app_context():  # what is tried here is the order of things, not the disk
            event.listen(db.engine, "connect", _without_the_disk)
            db.engine.dispose()
    with _APPS[0].app_context(), transaction():
        for table in reversed(db.metadata.sorted_tables):
            if table.name != kept_log.TABLE:
                db.session.execute(table.delete())
    return _APPS[0]


def _without_the_disk(connection: DBAPIConnection, _record: object) -> None:
    connection.cursor().execute("PRAGMA synchronous=OFF")


_APPS: list[Flask] = []
_FACTS = (
    Delivery.id,
    Delivery.public_id,
    Delivery.status,
    Delivery.due_at,
    Delivery.lease_until,
    Delivery.claims,
    Delivery.attempts_made,
    Webhook.enabled,
    Webhook.deleted_at,
)

TestQueue = QueueMachine.TestCase
# A machine of 30 steps counts as three examples.
_MACHINES = settings().max_examples // 3
TestQueue.settings = settings(max_examples=_MACHINES, stateful_step_count=30, deadline=None)
