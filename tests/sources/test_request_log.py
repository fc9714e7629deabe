"""What pages of sources show is stored after the answer, many requests at once."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Timer

import pytest
from flask import Flask
from sqlalchemy import delete

from tests.database.test_writers import held
from tests.engine.conftest import engine
from tests.sources.chatwoot import body, make_source
from tests.sources.test_chatwoot import kept, post
from webhooks_ui.database import prepared
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Source, SourceRequest
from webhooks_ui.models.source_request import RequestRow
from webhooks_ui.server import process
from webhooks_ui.sources import request_log

__all__ = ["engine"]  # a fixture
MESSAGE, NOTHING = body("message_created_incoming"), body("contact_created")


@pytest.fixture
def timers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Timer]]:
    """Timers that were started, and never end by themselves, of a log of this test alone."""
    app = request.getfixturevalue("engine" if "engine" in request.fixturenames else "app")
    app.extensions.pop("source_requests", None)
    started = list[Timer]()

    class Held(Timer):
        def start(self) -> None:
            started.append(self)

    monkeypatch.setattr(request_log, "Timer", Held)
    yield started
    app.extensions.pop("source_requests", None)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests were stored at a time."""
    found, store = list[int](), SourceRequest.store

    def note(rows: Sequence[RequestRow]) -> None:
        found.append(len(rows))
        store(rows)

    monkeypatch.setattr(SourceRequest, "store", note)
    return found


def test_without_a_thread_it_is_stored_with_the_next_one(
    engine: Flask, timers: list[Timer], stored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_timer: Timer) -> None:
        raise RuntimeError("can't start new thread")

    token = make_source(engine)
    with monkeypatch.context() as patch:
        patch.setattr(f"{request_log.__name__}.Timer.start", refused)
        assert post(engine, token, MESSAGE, "1").status_code == 202
    assert post(engine, token, NOTHING, "2").status_code == 202
    (timer,) = timers
    timer.function()
    assert stored == [2]


def test_requests_are_stored_together_in_the_order_in_which_they_came(
    engine: Flask, timers: list[Timer], stored: list[int]
) -> None:
    token = make_source(engine)
    for number, sent in enumerate((NOTHING, MESSAGE, NOTHING)):
        assert post(engine, token, sent, f"{number}").status_code == 202
    (timer,) = timers
    assert timer.interval == request_log.COMPANY
    assert not stored

    timer.function()
    assert stored == [3]
    assert [one.delivery_id for one in kept(engine)] == ["0", "1", "2"]
    (became,) = kept(engine)[1].became
    assert (became["type"], became["deliveries"], became["duplicate"]) == (
        "message_created",
        0,
        False,
    )
    post(engine, token, NOTHING)
    assert len(timers) == 2


def test_no_sender_waits_and_of_very_many_the_oldest_are_left_out(
    engine: Flask, timers: list[Timer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "MAX_WAITING", 3)
    token = make_source(engine)
    for number in range(5):
        post(engine, token, NOTHING, f"{number}")
    assert len(timers) == 1
    assert [one.delivery_id for one in kept(engine)] == ["2", "3", "4"]


def test_what_comes_while_others_are_stored_is_stored_next(
    engine: Flask, timers: list[Timer], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, store = make_source(engine), SourceRequest.store

    def and_another(rows: Sequence[RequestRow]) -> None:
        store(rows)
        if len(timers) == 1:
            post(engine, token, NOTHING, "meanwhile")
            assert len(timers) == 1  # one writer at a time

    monkeypatch.setattr(SourceRequest, "store", and_another)
    post(engine, token, NOTHING, "first")
    timers[0].function()
    assert len(timers) == 2
    timers[1].function()
    assert [one.delivery_id for one in kept(engine)] == ["first", "meanwhile"]


def test_a_locked_database_is_not_waited_for(
    app: Flask,
    timers: list[Timer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = make_source(app)
    monkeypatch.setattr(prepared, "BUSY_TIMEOUT", timedelta(0))
    with held(app), caplog.at_level(logging.WARNING):
        assert post(app, token, NOTHING).status_code == 202
        timers[0].function()
    assert "1 requests are missing" in caplog.text
    assert kept(app) == []


def test_a_source_deleted_meanwhile_spoils_no_other(engine: Flask, timers: list[Timer]) -> None:
    gone, token = make_source(engine), make_source(engine)
    post(engine, gone, NOTHING, "gone")
    with engine.app_context(), transaction():
        first = db.session.query(Source).order_by(Source.id).first()
        assert first
        db.session.execute(delete(Source).where(Source.id == first.id))
    post(engine, token, NOTHING, "there")
    assert [one.delivery_id for one in kept(engine)] == ["there"]


def test_who_stops_stores_what_is_noted(engine: Flask, timers: list[Timer]) -> None:
    post(engine, make_source(engine), NOTHING)
    process.close(engine)
    assert not engine.extensions["source_requests"]._waiting
    assert len(kept(engine)) == 1
