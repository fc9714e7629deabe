"""No row is changed, seen or ended before it was made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Table, select

from tests.api.conftest import Call, call
from tests.api.test_take_events import EVENT
from tests.conftest import make_webhook, sign_in
from tests.engine.conftest import receiver
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.receiver import Receiver
from webhooks_ui import models
from webhooks_ui.database import types
from webhooks_ui.database.engine import Model, db
from webhooks_ui.database.types import Instant

__all__ = ["call", "receiver"]  # fixtures

ANY_TIME = {
    "events.occurred_at",  # its sender says when
    "deliveries.due_at",  # the epoch: at once, even if the clock is set back
    "recoveries.since",
    "recoveries.until",
    "alerts.due_at",
}


class Ticking(datetime):
    """A clock that is a millisecond further each time that it is looked at."""

    ticks = 0

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        cls.ticks += 1
        return datetime(2100, 1, 1, tzinfo=UTC) + timedelta(milliseconds=cls.ticks)


def later_times() -> Iterator[tuple[Table, str]]:
    """The columns that cannot have an earlier moment than their row's `created_at`."""
    for mapper in Model.registry.mappers:
        table = mapper.local_table
        assert isinstance(table, Table)
        for column in table.columns if "created_at" in table.columns else ():
            name = f"{table.name}.{column.name}"
            if isinstance(column.type, Instant) and name not in ANY_TIME:
                yield table, column.name


@ON_BOTH_DATABASES
def test_no_row_is_older_than_itself(
    app: Flask, call: Call, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(types, "datetime", Ticking)
    browser = sign_in(app, "olena")
    webhook = {"url": receiver.url, "events": ["message_created"]}
    made = call("POST", "/webhooks", webhook).json
    assert made["created_at"] == made["updated_at"]
    call("POST", "/webhooks", webhook | {"enabled": False})
    make_webhook(browser)
    make_webhook(browser, enabled="")
    channel = call("POST", "/channels", {"key": "4", "name": "Site"}).json
    assert channel.get("created_at") == channel.get("updated_at")
    call("PATCH", f"/channels/{channel['id']}", {"name": "Shop"})
    browser.post("/receiver")
    call("POST", "/events", EVENT | {"channel": {"key": "5", "name": "Chat"}})
    call("POST", f"/webhooks/{made['id']}/test", {"type": "message_created"})
    browser.get("/webhooks")
    with app.app_context():
        seen = set()
        for table, name in later_times():
            for created, moment in db.session.execute(
                select(table.c.created_at, table.c[name]).where(table.c[name].is_not(None))
            ):
                seen.add(f"{table.name}.{name}")
                assert moment >= created, f"{table.name}.{name}"
        query = select(models.Delivery.created_at, models.Attempt.started_at)
        attempts = db.session.execute(query.join(models.Attempt)).all()
    assert attempts
    assert all(started >= created for created, started in attempts)
    expected = {"webhooks.updated_at", "webhooks.disabled_at", "channels.updated_at"}
    assert expected | {"sessions.last_seen_at", "receivers.expires_at"} <= seen
