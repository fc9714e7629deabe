"""An event for very many webhooks: its deliveries are made in parts, and a crash loses none."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.engine.conftest import deliveries, send, subscribe
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.intake import fan_out, statements
from webhooks_ui.models import FanOut
from webhooks_ui.text.filters import Filters

WEBHOOKS = 7
CACHES = (statements.for_sqlite, statements.for_postgresql, statements.part)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(statements, "PART", 3)
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


def webhooks(engine: Flask) -> list[str]:
    return [subscribe(engine, f"http://127.0.0.1:9/{number}") for number in range(WEBHOOKS)]


def under_way(engine: Flask) -> int:
    with engine.app_context():
        return db.session.query(FanOut).count()


def test_every_webhook_gets_its_delivery_before_the_answer(engine: Flask) -> None:
    webhooks(engine)
    wanted = {"match": "all", "conditions": [{"path": "n", "operator": "equals", "value": 2}]}
    subscribe(engine, "http://127.0.0.1:9/filtered", filters=Filters.of(wanted))

    (answer,) = send(engine, data=b'{"n": 1}')

    assert answer.deliveries == WEBHOOKS
    assert [delivery.webhook_id for delivery in deliveries(engine)] == [*range(1, WEBHOOKS + 1)]
    assert {delivery.status for delivery in deliveries(engine)} == {"pending"}
    assert under_way(engine) == 0


def test_small_events_are_stored_with_a_large_one(engine: Flask) -> None:
    webhooks(engine)
    subscribe(engine, "http://127.0.0.1:9/other", events=("team_changed",))

    send(engine, 2)
    send(engine, type="team_changed")

    assert len(deliveries(engine)) == 2 * WEBHOOKS + 1
    assert under_way(engine) == 0


def test_a_job_finishes_what_a_crash_interrupted(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhooks(engine)
    with monkeypatch.context() as crashed:
        crashed.setattr(fan_out, "complete", lambda _event: None)
        (answer,) = send(engine, sender_id="42")
    assert (under_way(engine), deliveries(engine)) == (1, [])

    (again,) = send(engine, sender_id="42")
    assert (again.event_id, again.deliveries, again.duplicate) == (answer.event_id, WEBHOOKS, True)
    with engine.app_context():
        assert fan_out.is_due(now(), now())
        fan_out.step()
        assert len(deliveries(engine)) == statements.PART
        while fan_out.step():
            pass
        assert not fan_out.is_due(now(), now())

    assert [delivery.webhook_id for delivery in deliveries(engine)] == [*range(1, WEBHOOKS + 1)]


def test_the_size_of_a_part_follows_how_long_others_wait() -> None:
    part, held = statements.PART, fan_out.HELD
    assert fan_out.next_size(part, held / 10) == 2 * part  # not more at once
    assert fan_out.next_size(2 * part, 2 * held / 3) == 3 * part
    assert fan_out.next_size(2 * part, 10 * held) == part
    assert fan_out.next_size(fan_out.LARGEST, held / 10) == fan_out.LARGEST
