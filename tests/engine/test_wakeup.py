"""Waking an idle worker: by its own process at once, by another process within milliseconds."""

import time

import pytest
from flask import Flask

from tests.engine.conftest import send, subscribe
from webhooks_ui.database.engine import db
from webhooks_ui.delivery.queue import wakeup
from webhooks_ui.delivery.queue.wakeup import Alarm


def alarm_of(app: Flask) -> Alarm:
    with app.app_context():
        return wakeup.alarm(db.engine, None, lambda: None)


def test_an_event_wakes_a_worker(engine: Flask) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    alarm = alarm_of(engine)
    alarm.wait(0)  # what has been committed before
    send(engine)
    started = time.monotonic()
    assert alarm.wait(20)
    assert time.monotonic() - started < 10
    alarm.close()


@pytest.mark.parametrize("make_engine", ["sqlite"], indirect=True)
def test_what_another_process_commits_wakes_a_worker_on_sqlite(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(engine, "http://127.0.0.1:9/")
    alarm = alarm_of(engine)
    while alarm.wait(0):
        pass
    assert not alarm.wait(2 * wakeup.POLL_EVERY)
    monkeypatch.setattr(wakeup, "_workers", set())  # as in a process that started no worker
    send(engine)
    assert alarm.wait(20)
    assert not alarm.wait(2 * wakeup.POLL_EVERY)
    monkeypatch.undo()
    alarm.close()


def test_a_parent_wakes_its_worker_and_its_end_is_told_once(engine: Flask) -> None:
    listening, waking = wakeup.connect()
    told: list[bool] = []
    with engine.app_context():
        alarm = wakeup.alarm(db.engine, listening, lambda: told.append(True))
    while alarm.wait(0):
        pass
    waking.send(b"!")
    assert alarm.wait(20)
    assert not told
    wakeup.disconnect(waking)
    assert alarm.wait(20)
    assert told == [True]
    assert not alarm.wait(0)
    alarm.close()
