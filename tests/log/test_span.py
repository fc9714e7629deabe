"""A span of time leaves out nothing that lies in it, however much came within one millisecond."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask import Flask
from ulid import ULID

from tests.conftest import sign_in
from tests.engine.conftest import deliveries, send, subscribe
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.intake import group, store
from webhooks_ui.models import Event
from webhooks_ui.models.delivery_list import DeliveryFilter

SECOND = timedelta(seconds=1)


def test_a_batch_is_in_its_span_as_a_whole(engine: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes: one moment is that of all its events."""
    looks = count(1)

    def later() -> datetime:
        return now() + timedelta(milliseconds=next(looks))

    for module in (store, group):
        monkeypatch.setattr(module, "now", later)
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 5)
    send(engine, 300)
    moments = sorted({delivery.created_at for delivery in deliveries(engine)})
    with engine.app_context():
        for since, until, number in (
            (now() - 60 * SECOND, None, 305),
            (moments[0], None, 305),
            (moments[1], None, 300),
            (None, moments[1], 5),
            (moments[0], moments[1], 5),
            (moments[1], now() + SECOND, 300),
            (now() + SECOND, None, 0),
            (None, moments[0], 0),
        ):
            found = DeliveryFilter(since=since, until=until).find(limit=400)
            assert (len(found.ids), found.next) == (number, None)


def test_an_hour_that_comes_twice_is_found_as_a_whole(engine: Flask) -> None:
    """In Kyiv 03:00 to 04:00 of 25 October 2026 is two hours."""
    with engine.app_context(), transaction():
        for hour in (23, 24, 25, 26):  # UTC, from the evening before: 02:30, twice 03:30, 04:30
            at = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=hour, minutes=30)
            public_id = f"evt_{ULID.from_datetime(at)}"
            db.session.add(
                Event(public_id=public_id, type="message_created", data=b"{}", created_at=at)
            )
    browser = sign_in(engine, "olena")
    browser.set_cookie("timezone", "Europe/Kyiv")
    for span, found in (
        ("since=2026-10-25T03:00&until=2026-10-25T04:00", 2),
        ("since=2026-10-25T03:30&until=2026-10-25T03:31", 2),
        ("since=2026-10-25T02:00&until=2026-10-25T03:00", 1),
        ("since=2026-10-25T03:31&until=2026-10-25T05:00", 2),  # the second 03:30, and 04:30
        ("since=2026-10-25T03:00&until=2026-10-25T04:00&zone=UTC", 0),
    ):
        assert browser.get(f"/events?{span}").text.count('href="/events/evt_') == found, span
