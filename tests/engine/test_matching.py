"""One rule decides who gets an event: in the fan-out, for missed events, and in words."""

from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select

from tests.engine.conftest import deliveries, send, subscribe, switch_off
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake.event import ChannelName
from webhooks_ui.models import Channel, Event, Webhook, WebhookState
from webhooks_ui.models.matching import is_meant_for, reasons


@pytest.mark.parametrize("channel", [None, "a"])
def test_the_rule_in_sql_and_in_python_agree(engine: Flask, channel: str | None) -> None:
    with engine.app_context(), transaction():
        db.session.add_all([Channel(key="a", name="A"), Channel(key="b", name="B")])
    states, types = ("enabled", "disable", "delete"), ("message_created", "team_changed")
    setups = {}
    for state, kind, own in product(states, types, (None, "a", "b")):
        webhook = subscribe(engine, "http://127.0.0.1/1", events=(kind,), channel=own)
        setups[webhook] = (state, kind, own)
        if state != "enabled":
            switch_off(engine, webhook, state)

    send(engine, channel=ChannelName(channel) if channel else None)

    with engine.app_context():
        rows = {w.id: w for w in db.session.query(Webhook)}
        got = {rows[d.webhook_id or 0].public_id for d in deliveries(engine)}
        event = db.session.scalars(select(Event)).one()
        for row in rows.values():
            state, kind, own = setups[row.public_id]
            setup = WebhookState(
                enabled=row.enabled,
                deleted=row.deleted_at is not None,
                channel_id=row.channel_id,
                event_types=[kind],
            )
            found = reasons(event.type, event.channel_id, setup, event.created_at)
            meant = select(Event.id).where(is_meant_for([kind], row.channel_id))
            assert (row.public_id in got) == (not found), (state, kind, own)
            assert bool(db.session.scalars(meant).all()) == (
                not set(found) & {"not_subscribed", "other_channel"}
            ), (state, kind, own)
