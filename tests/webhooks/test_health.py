"""Health counts, on the list and on a webhook's page: from real outcomes, by the hour."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from tests.conftest import sign_in
from tests.engine.conftest import send, subscribe
from tests.engine.test_counts import claim, outcome, record
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.statements import asked_of
from webhooks_ui.catalogue.error_codes import DeliveryStatus
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.queue import counting
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.models import Webhook, health_counts
from webhooks_ui.models.counters import DURATION_BOUNDS
from webhooks_ui.models.health_counts import HealthCounts


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


def last_day(app: Flask, public_id: str, moment: datetime) -> HealthCounts:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        return health_counts.last_day([webhook.id], moment).get(webhook.id, HealthCounts())


def test_what_happened_is_counted_by_the_hour(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 3, 1, moment, duration_ms=120)
    happen(app, 2, 0, moment - timedelta(hours=5), duration_ms=120)
    happen(app, 4, 0, moment - timedelta(days=3), duration_ms=120)
    found = last_day(app, own, moment)
    assert (found.day.good_attempts, found.day.attempts, found.day.given_up) == (5, 6, 1)
    assert [hour for hour in found.hours if any(hour)] == [(2, 0), (3, 1)]
    assert found.hours[-1] == (3, 1)
    assert found.day.median_ms is not None
    assert 100 <= found.day.median_ms <= 200

    row = browser.get("/webhooks").text
    assert "5 / 6 attempts succeeded" in row
    assert row.count("0v18") == 24
    hours = browser.get(f"/webhooks/{own}/hours", headers={"HX-Request": "true"}).text
    assert re.findall(r":00 <b>(.*?)</b>", hours) == ["2", "3/4"]
    assert browser.get(f"/webhooks/{own}/hours").location == f"/webhooks/{own}#attempts"


def test_an_hour_that_has_just_begun_or_lies_ahead_breaks_nothing(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    """As when a page is made across a full hour, or the clock was set back."""
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 1, 0, moment)
    happen(app, 2, 0, moment + timedelta(hours=1))
    assert last_day(app, own, moment).hours[-1] == (1, 0)
    assert browser.get("/webhooks").status_code == 200


@ON_SQLITE
def test_nothing_sent_is_said_so(app: Flask, browser: FlaskClient, moment: datetime) -> None:
    own = subscribe(app, "http://127.0.0.1/1")
    assert "Last 24 hours: no events" in browser.get("/webhooks").text
    assert "No events were sent in this period." in browser.get(f"/webhooks/{own}").text
    assert last_day(app, own, moment).day.rate is None


def test_the_top_of_the_list_says_how_everything_stands(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    subscribe(app, "http://127.0.0.1/1", name="Good")
    happen(app, 2, 0, moment)
    subscribe(app, "http://127.0.0.1/2", name="Bad", events=("team_changed",))
    send(app, type="team_changed")
    (job,) = claim(app, moment)
    record(app, moment, outcome(job, "failed", moment))
    send(app, 3)
    words = re.sub(r"<[^>]+>|\s+", " ", browser.get("/webhooks").text.partition("<dl")[2])
    assert re.search(r"Delivered in 24 h\s+2 ", words)
    assert re.search(r"Failing webhooks\s+1 ", words)
    assert re.search(r"Waiting deliveries\s+3 ", words)
    subscribe(app, "http://127.0.0.1/3", name="Tested")
    with app.app_context(), transaction():  # by a test that failed
        db.session.execute(update(Webhook).filter_by(name="Tested").values(last_succeeded=False))
    page = browser.get("/webhooks").text
    assert re.search(r"Failing webhooks\s+2 ", re.sub(r"<[^>]+>|\s+", " ", page))
    failing = browser.get("/webhooks?status=failing").text
    assert ">Tested<" in failing
    assert ">Bad<" in failing
    assert ">Good<" not in failing


@ON_SQLITE
def test_who_fails_says_since_when_why_and_what_to_do(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    own = subscribe(app, "http://127.0.0.1/1", name="CRM")
    happen(app, 0, 1, moment, status_code=500)
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(failing_since=now() - timedelta(hours=3)))
    row = browser.get("/webhooks").text
    assert "Failing for 3 hours" in row
    assert ">error response<" in row
    page = browser.get(f"/webhooks/{own}").text
    assert "Every attempt to deliver an event to it has failed since" in page
    assert "Look at the receiver" in page
    ukrainian = browser.get("/webhooks", headers={"Accept-Language": "uk"}).text
    assert "3 години" in ukrainian


@ON_SQLITE
def test_enabling_offers_to_recover_what_was_missed(app: Flask, browser: FlaskClient) -> None:
    own = subscribe(app, "http://127.0.0.1/1", enabled=False)
    assert "Enable it to go on" in browser.get(f"/webhooks/{own}").text
    answer = browser.post(f"/webhooks/{own}/enable", follow_redirects=True)
    assert "Events that it missed meanwhile can be sent to it." in answer.text
    assert f"/webhooks/{own}/recover" in answer.text
    assert "What it missed" not in browser.get(f"/webhooks/{own}").text


def test_the_list_asks_as_much_for_50_webhooks_as_for_one(
    app: Flask, browser: FlaskClient, moment: datetime
) -> None:
    def asked() -> int:
        with asked_of(app) as statements:
            assert browser.get("/webhooks").status_code == 200
        return len(statements)

    subscribe(app, "http://127.0.0.1/0")
    happen(app, 1, 0, moment)
    one = asked()
    for number in range(49):
        subscribe(app, f"http://127.0.0.1/{number}", events=("team_changed",))
    assert asked() == one


@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_the_typical_time_lies_where_the_middle_one_does(took: list[int]) -> None:
    median = health_counts.quantile(took, 0.5)
    if not sum(took):
        assert median is None
        return
    each = [number for number, count in enumerate(took) for _ in range(count)]
    middle = each[(len(each) - 1) // 2]
    bounds = (1, *DURATION_BOUNDS, 2 * DURATION_BOUNDS[-1])
    assert median is not None
    assert bounds[middle] <= median <= bounds[middle + 1] + 1e-6


@ON_SQLITE
@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_a_day_is_24_hours_at_any_time_of_the_day(app: Flask, hour: int) -> None:
    own = subscribe(app, "http://127.0.0.1/1")
    moment = now().replace(hour=hour, minute=30)
    first = moment.replace(minute=0, second=0, microsecond=0) - timedelta(hours=7 * 24 - 1)
    with app.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        with transaction(), prepared.within(db.session.connection()) as runner:
            for number in range(-30, 7 * 24):
                at = first + timedelta(hours=number, minutes=30)
                attempt = AttemptRecord(1, at, 15.0, duration_ms=9, status_code=200)
                counting.add(runner, [(webhook.id, "succeeded", attempt)])
    found = last_day(app, own, moment)
    assert (found.day.delivered, found.day.attempts) == (24, 24)
    assert list(found.hours) == [(1, 0)] * 24
