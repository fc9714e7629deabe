"""A span of time leaves out nothing that lies in it, however much came within one millisecond."""

from datetime import timedelta

from flask import Flask

from tests.engine.conftest import deliveries, send, subscribe
from webhooks_ui.database.types import now
from webhooks_ui.models.delivery_list import DeliveryFilter

SECOND = timedelta(seconds=1)


def test_a_batch_is_in_its_span_as_a_whole(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, 5)
    send(engine, 300)
    moments = sorted({delivery.created_at for delivery in deliveries(engine)})
    with engine.app_context():
        for since, until, count in (
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
            assert (len(found.ids), found.next) == (count, None)
