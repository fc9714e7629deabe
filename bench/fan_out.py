"""One event for 10,000 webhooks: how long its deliveries take, and for how long others wait."""

import time
from dataclasses import replace
from threading import Event as Flag
from threading import Thread
from typing import cast

from flask import Flask
from sqlalchemy import Table, insert, select

from bench.stage import EVENT, analyse, app_on, percentile
from tests.engine.conftest import subscribe
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake import accept as intake
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.models import Webhook, WebhookEvent

WEBHOOKS, ROUNDS = 10_000, 5
OTHER = replace(EVENT, type="team_changed")  # which no webhook gets


def fan_out(database: str) -> dict[str, float]:
    """The median of some rounds; `others` are events that come in one by one meanwhile."""
    took: list[float] = []
    waited: list[float] = []
    with app_on(database) as app:
        many_webhooks(app, WEBHOOKS)
        analyse(app)
        ended = Flag()
        others = Thread(target=_send_others, args=(app, ended, waited))
        others.start()
        try:
            took += [_milliseconds(app, EVENT) for _ in range(ROUNDS)]
        finally:
            ended.set()
            others.join()
    return {
        "all deliveries ms": percentile(took, 0.5),
        "others p99 ms": percentile(waited, 0.99),
        "others at most ms": max(waited),
    }


def many_webhooks(app: Flask, count: int) -> None:
    """So many webhooks that get the events, as copies of one."""
    subscribe(app, "http://127.0.0.1:9/")
    webhooks, events = (cast("Table", one.__table__) for one in (Webhook, WebhookEvent))
    with app.app_context(), transaction():
        one = dict(db.session.execute(select(webhooks)).mappings().one())
        kinds = [dict(row) for row in db.session.execute(select(events)).mappings()]
        numbers = range(one["id"] + 1, one["id"] + count)
        copies = [one | {"id": number, "public_id": f"wh_{number}"} for number in numbers]
        db.session.execute(insert(webhooks), copies)
        theirs = [row | {"webhook_id": number} for number in numbers for row in kinds]
        db.session.execute(insert(events), theirs)


def _send_others(app: Flask, ended: Flag, waited: list[float]) -> None:
    while not ended.is_set():
        waited.append(_milliseconds(app, OTHER))
        time.sleep(0.005)


def _milliseconds(app: Flask, event: IncomingEvent) -> float:
    begun = time.perf_counter()
    with app.app_context():
        intake.accept([event])
    return (time.perf_counter() - begun) * 1000
