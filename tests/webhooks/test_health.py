"""How webhooks fare, on the list and on their pages: from real outcomes, by the hour."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from tests.conftest import sign_in
from tests.engine.conftest import send, subscribe
from tests.engine.test_counts import claim, outcome, record
from tests.support.apps import MakeApp
from webhooks_ui.catalogue.error_codes import DeliveryStatus
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import counting
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.jobs import scheduler
from webhooks_ui.models import Webhook, WebhookPast, health, health_counts, health_rollup
from webhooks_ui.models.counters import DURATION_BOUNDS
from webhooks_ui.models.health import Health
from webhooks_ui.models.health_counts import HOURS


@pytest.fixture
def app(make_engine: MakeApp) -> Flask:
    return make_engine()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return sign_in(app, "olena")


@pytest.fixture
def moment() -> datetime:
    """When all this happens: at a full minute, so that no full hour comes between."""
    return now().replace(second=0, microsecond=0)


def happen(app: Flask, good: int, bad: int, moment: datetime, **facts: Any) -> None:
    """So many attempts to every webhook at this moment."""
    send(app, good + bad)
    jobs = claim(app, now())
    for number, job in enumerate(jobs):
        status: DeliveryStatus = "succeeded" if number % (good + bad) < good else "failed"
        record(app, moment, outcome(job, status, moment, **facts))


def of(app: Flask, public_id: str, moment: datetime) -> Health:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        return health.of([webhook.id], moment).get(webhook.id, Health())


def test_what_happened_is_counted_by_the_hour(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 3, 1, moment, duration_ms=120)
    happen(app, 2, 0, moment - timedelta(hours=5), duration_ms=120)
    happen(app, 4, 0, moment - timedelta(days=3), duration_ms=120)
    found = of(app, own, moment)
    assert (found.day.good_attempts, found.day.attempts, found.day.given_up) == (5, 6, 1)
    assert (found.week.delivered, found.week.attempts) == (9, 10)
    assert [hour for hour in found.hours if any(hour)] == [(2, 0), (3, 1)]
    assert found.hours[-1] == (3, 1)
    assert found.day.median_ms is not None
    assert 100 <= found.day.median_ms <= 200

    row = browser.get("/webhooks").text
    assert re.search(r"24 h: 83\.3% · 5 of 6", row)
    assert re.search(r"7 d: 90% · 9 of 10", row)
    page = browser.get(f"/webhooks/{own}").text
    assert "83.3%" in page
    assert "9 / 10" in page
    assert page.count('<path class="bad" d="M') == 1


def test_the_past_that_a_worker_added_up_says_the_same(app: Flask, moment: datetime) -> None:
    subscribe(app, "http://127.0.0.1/0", name="Quiet", event_types=("team_changed",))
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    for hours in (0, 1, 5, 22, 23, 24, 50, 160, 167):
        happen(app, 2, 1, moment - timedelta(hours=hours), duration_ms=30 * (hours + 1))
    before = of(app, own, moment)
    add_up(app, moment)
    assert of(app, own, moment) == before
    happen(app, 1, 0, moment)
    assert of(app, own, moment).day.attempts == before.day.attempts + 1

    happen(app, 1, 0, moment - timedelta(hours=2))  # it was recorded late
    with app.app_context():
        assert db.session.scalars(select(WebhookPast.webhook_id)).all() == [1]
    assert of(app, own, moment).day.attempts == before.day.attempts + 2
    assert of(app, own, moment).hours[-3] == (1, 0)


def test_the_past_of_another_hour_is_not_taken(app: Flask, moment: datetime) -> None:
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 2, 0, moment - timedelta(hours=3))
    add_up(app, moment)
    with app.app_context():
        (later,) = health.of([1], moment + timedelta(hours=23)).values()
        assert (later.day.attempts, later.week.attempts) == (0, 2)
        assert health_rollup.make(0, health_counts.full_hour(moment)) is None
        assert health_rollup.make(0, health_counts.full_hour(moment + timedelta(hours=1))) == 1
    assert of(app, own, moment).day.attempts == 2


def test_a_worker_adds_up_once_an_hour(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        subscribe(app, f"http://127.0.0.1/{number}")
    monkeypatch.setattr(health_rollup, "AT_ONCE", 2)
    hour = moment = datetime(2026, 5, 4, 10, tzinfo=UTC)
    monkeypatch.setattr(scheduler, "now", lambda: moment)
    adding = scheduler.Scheduler(app, [scheduler.adding_up()], clock=lambda: moment)

    def hours() -> list[datetime]:
        with app.app_context():
            return list(db.session.scalars(select(WebhookPast.hour)))

    moment = hour + timedelta(seconds=59)
    assert not adding.run_once()  # what has just happened is being recorded
    assert hours() == []
    moment = hour + timedelta(minutes=1)
    assert [adding.run_once() for _ in range(4)] == [True, True, False, False]
    assert hours() == [hour] * 3
    moment = hour + timedelta(minutes=61)
    assert [adding.run_once() for _ in range(3)] == [True, True, False]
    assert hours() == [hour + timedelta(hours=1)] * 3


def add_up(app: Flask, moment: datetime) -> None:
    with app.app_context():
        after, present = 0, health_counts.full_hour(moment)
        while (last := health_rollup.make(after, present)) is not None:
            assert last > after
            after = last


def test_an_hour_that_has_just_begun_or_lies_ahead_breaks_nothing(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    """As when a page is made across a full hour, or the clock was set back."""
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 1, 0, moment)
    happen(app, 2, 0, moment + timedelta(hours=1))
    assert of(app, own, moment).hours[-1] == (1, 0)
    assert browser.get("/webhooks").status_code == 200


def test_nothing_sent_is_said_so(app: Flask, browser: FlaskClient, moment: datetime) -> None:
    own = subscribe(app, "http://127.0.0.1/1")
    assert "nothing sent in 7 days" in browser.get("/webhooks").text
    assert "No event was sent to it" in browser.get(f"/webhooks/{own}").text
    assert of(app, own, moment).day.rate is None


def test_the_top_of_the_list_says_how_everything_stands(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    subscribe(app, "http://127.0.0.1/1", name="Good")
    happen(app, 2, 0, moment)
    subscribe(app, "http://127.0.0.1/2", name="Bad", event_types=("team_changed",))
    send(app, type="team_changed")
    (job,) = claim(app, moment)
    record(app, moment, outcome(job, "failed", moment))
    send(app, 3)
    words = re.sub(r"<[^>]+>|\s+", " ", browser.get("/webhooks").text.partition("<dl")[2])
    assert re.search(r"Delivered in 24 h\s+2 ", words)
    assert re.search(r"Failing webhooks\s+1 ", words)
    assert re.search(r"Waiting deliveries\s+3 ", words)
    failing = browser.get("/webhooks?status=failing").text
    assert ">Bad<" in failing
    assert ">Good<" not in failing


def test_who_fails_says_since_when_why_and_what_to_do(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 0, 1, moment, status_code=500)
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(failing_since=now() - timedelta(hours=3)))
    assert "Failing for 3 hours: answered with an error" in browser.get("/webhooks").text
    page = browser.get(f"/webhooks/{own}").text
    assert "It has failed since" in page
    assert "Look at the receiver" in page
    ukrainian = browser.get("/webhooks", headers={"Accept-Language": "uk"}).text
    assert "3 години" in ukrainian


def test_enabling_offers_to_recover_what_was_missed(app: Flask, browser: FlaskClient) -> None:
    own = subscribe(app, "http://127.0.0.1/1", enabled=False)
    assert "Enable it to go on" in browser.get(f"/webhooks/{own}").text
    answer = browser.post(f"/webhooks/{own}/enable", follow_redirects=True)
    assert "What it missed meanwhile can be sent to it." in answer.text
    assert f"/webhooks/{own}/recover" in answer.text
    assert "What it missed" not in browser.get(f"/webhooks/{own}").text


def test_the_list_asks_as_much_for_50_webhooks_as_for_one(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    def asked() -> int:
        statements: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        assert browser.get("/webhooks").status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    subscribe(app, "http://127.0.0.1/0")
    happen(app, 1, 0, moment)
    one = asked()
    for number in range(49):
        subscribe(app, f"http://127.0.0.1/{number}", event_types=("team_changed",))
    assert asked() == one


@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_the_typical_time_lies_where_the_middle_one_does(took: list[int]) -> None:
    median = health._median(took)
    if not sum(took):
        assert median is None
        return
    each = [number for number, count in enumerate(took) for _ in range(count)]
    middle = each[(len(each) - 1) // 2]
    bounds = (1, *DURATION_BOUNDS, 2 * DURATION_BOUNDS[-1])
    assert median is not None
    assert bounds[middle] <= median <= bounds[middle + 1] + 1e-6


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=24, max_size=24))
def test_the_bars_stay_in_their_box(hours: list[tuple[int, int]]) -> None:
    good, bad = Health(hours=hours).bars()
    assert good.count("M") <= HOURS
    for path in (good, bad):
        for x, y, tall in re.findall(r"M(\d+) (\d+)v-(\d+)h3v\3z", path):
            assert 0 <= int(x) <= 92
            assert int(y) - int(tall) >= 0
            assert int(y) <= 24
    assert bad.count("M") == sum(failed > 0 for _, failed in hours)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_a_week_is_168_hours_at_any_time_of_the_day(app: Flask, hour: int) -> None:
    """Read by whole days and the hours of one more, it is what the hours alone add up to."""
    own = subscribe(app, "http://127.0.0.1/1")
    moment = now().replace(hour=hour, minute=30)
    first = moment.replace(minute=0, second=0, microsecond=0) - timedelta(hours=7 * 24 - 1)
    with app.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        with transaction():
            connection = db.session.connection()
            for number in range(-30, 7 * 24):
                at = first + timedelta(hours=number, minutes=30)
                attempt = AttemptRecord(1, at, 15.0, duration_ms=9, status_code=200)
                counting.add(connection, [(webhook.id, "succeeded", attempt)])
        found = health.of([webhook.id], moment)[webhook.id]
    assert (found.week.delivered, found.week.attempts) == (7 * 24, 7 * 24)
    assert (found.day.delivered, found.day.attempts) == (24, 24)
    assert list(found.hours) == [(1, 0)] * 24
