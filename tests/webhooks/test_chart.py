"""The chart of a webhook: what was sent in 24 hours, 7 days and 30 days, and its errors by kind."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import sign_in
from tests.engine.conftest import subscribe
from tests.support.apps import ON_SQLITE, MakeApp
from tests.webhooks.test_health import happen
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, webhook_chart
from webhooks_ui.models.counters import WebhookHour
from webhooks_ui.models.webhook_chart import SPANS, Slot
from webhooks_ui.views.charts import axis_end, draw

KYIV = ZoneInfo("Europe/Kyiv")
EVENING = datetime(2026, 11, 28, 21, 30, tzinfo=UTC)  # 23:30 in Kyiv
COUNTS = {"attempts": 10, "failed_attempts": 3, "first_attempts": 8, "first_delivered": 5}


@pytest.fixture
def engine(make_engine: MakeApp) -> Flask:
    return make_engine()


def row(app: Flask, public_id: str) -> int:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        return webhook.id


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "ago", "place"),
    [
        ("24h", timedelta(0), 23),
        ("24h", timedelta(hours=23), 0),
        ("7d", timedelta(0), 27),
        ("7d", timedelta(hours=6), 26),
        ("30d", timedelta(hours=24), 28),
    ],
)
def test_an_hour_stands_in_its_slot(engine: Flask, name: str, ago: timedelta, place: int) -> None:
    own = row(engine, subscribe(engine, "http://127.0.0.1/1"))
    hour = EVENING.replace(minute=0) - ago
    with engine.app_context():
        with transaction():
            db.session.add(WebhookHour(webhook_id=own, hour=hour, delivered=7, **COUNTS))
            long_ago = hour - timedelta(days=31)
            db.session.add(WebhookHour(webhook_id=own, hour=long_ago, **COUNTS))
        found = webhook_chart.chart(own, SPANS[name], EVENING, KYIV)
    filled = {number: slot for number, slot in enumerate(found.slots) if slot.attempts}
    assert [*filled] == [place]
    assert (filled[place].at_once, filled[place].retried, filled[place].failed) == (5, 2, 3)
    assert (found.sums.delivered, found.sums.attempts) == (7, 10)


def test_the_page_shows_it_with_a_table_and_the_errors(engine: Flask) -> None:
    browser, moment = sign_in(engine, "olena"), now().replace(second=0, microsecond=0)
    own = subscribe(engine, "http://127.0.0.1/1", name="CRM")
    happen(engine, 3, 1, moment, duration_ms=120)
    page = words(browser, f"/webhooks/{own}")
    assert "Delivered at once 75% 3 of 4" in page
    assert "error response 1" in page
    assert re.search(r"\d\d:00: 3 delivered at once, 0 after a retry, 1 failed", page)
    assert re.search(r"As a table .* \d\d:00 3 0 1 ", page)
    month = browser.get(f"/webhooks/{own}?span=30d").text
    assert 'id="span-30d"' in month
    assert month.count("<path class=") == 2


def words(browser: FlaskClient, path: str) -> str:
    page = unescape(browser.get(path).text.partition("<main")[2])
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@given(st.integers(0, 10_000_000))
def test_the_axis_ends_where_all_has_room(most: int) -> None:
    top = axis_end(most)
    assert top >= most
    assert top % 2 == 0
    assert top <= max(2, 2 * most)


def test_bars_are_stacked_within_their_box(app: Flask) -> None:
    slots = [Slot(EVENING, 5, 2, 3), Slot(EVENING)]
    with app.test_request_context():
        drawing = draw(slots, "24h")
    assert drawing.paths == {
        "good": "M1 100.00h8v-50.00h-8z",
        "wait": "M1 50.00h8v-20.00h-8z",
        "bad": "M1 30.00h8v-30.00h-8z",
    }
    assert (drawing.top, drawing.width) == (10, 20)
