"""Waking an idle worker, by its own process and by another one."""

import os
import socket
import time

from flask import Flask

from tests.engine.conftest import send, subscribe
from tests.support.apps import ON_SQLITE
from tests.support.descriptors import many_open
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


@ON_SQLITE
def test_pipes_of_workers_that_died_are_removed_on_sqlite(engine: Flask) -> None:
    alarm = alarm_of(engine)
    pipes = engine.config["DATA_DIR"] / "workers"
    os.mkfifo(pipes / "17")
    with engine.app_context():
        wakeup.wake_workers()
        assert alarm.wait(20)
        assert not alarm.wait(0)
        assert [pipe.name for pipe in pipes.iterdir()] == [str(alarm.holder)]
        alarm.close()
        assert [*pipes.iterdir()] == []


def test_the_end_of_a_parent_is_told_once(engine: Flask) -> None:
    listening, parent = socket.socketpair()
    told: list[bool] = []
    with engine.app_context():
        alarm = wakeup.alarm(db.engine, listening, lambda: told.append(True))
    parent.close()
    assert alarm.wait(20)
    assert told == [True]
    assert not alarm.wait(0)
    alarm.close()


def test_a_worker_sleeps_on_descriptors_of_any_number(engine: Flask) -> None:
    with many_open():
        alarm = alarm_of(engine)
        assert not alarm.wait(0)
        alarm.ring()
        assert alarm.wait(20)
        with engine.app_context():
            wakeup.wake_workers()
        assert alarm.wait(20)
        alarm.close()
