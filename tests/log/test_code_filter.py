"""Filters of the log by status code, and by days of the reader's clock."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.engine.conftest import send, subscribe
from tests.log.rows import attempt
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.forms.log_filters import LogQuery, is_code
from webhooks_ui.models import Attempt, Delivery

EXPECTED = {"503": 1, "5xx": 2, "2xx": 1, "404": 0, "5xx&status=pending": 0}


def test_deliveries_are_filtered_by_the_status_code(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    send(engine, 3)
    with engine.app_context(), transaction():
        for made, answered in zip(db.session.query(Delivery), (200, 500, 503), strict=True):
            failed = answered != 200
            made.status = "failed" if failed else "succeeded"
            made.error = "http_status" if failed else None
            made.attempts_made = 1
            db.session.add(Attempt(**attempt(made.id, made.created_at, made.error)))
            db.session.flush()
            db.session.query(Attempt).filter_by(delivery_id=made.id).update(
                {"status_code": answered}
            )
    for asked, expected in EXPECTED.items():
        page = browser.get(f"/deliveries?code={asked}").text
        assert page.count('class="outcome') == expected, asked
        assert f"<bdi>{asked.partition('&')[0]}</bdi>" in page, "a filter that is set is a chip"


def test_today_and_yesterday_are_days_of_the_readers_clock(app: Flask) -> None:
    app.config["TIMEZONE"] = "Pacific/Kiritimati"  # 14 hours ahead
    with app.app_context():
        today = LogQuery.parse({"span": "today"}).deliveries()
        yesterday = LogQuery.parse({"span": "yesterday"}).deliveries()
    assert today
    assert yesterday
    assert today.since
    assert today.since.astimezone(ZoneInfo("Pacific/Kiritimati")).time() == time()
    assert (yesterday.until, yesterday.since) == (today.since, today.since - timedelta(days=1))


@pytest.mark.parametrize("code", ["200", "599", "5xx", "2xx"])
def test_a_code_that_there_is(code: str) -> None:
    assert is_code(code)


@pytest.mark.parametrize("code", ["", "6xx", "99", "1000", "5x", "１００", "abc", "100"])
def test_a_code_that_there_is_not(code: str) -> None:
    assert not is_code(code)
