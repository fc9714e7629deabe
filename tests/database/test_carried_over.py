"""What stood in the tables of an older version stands in today's, and again in those after a way
back: one walk through the migrations for all that they carry over, on both databases.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import column, insert, inspect, select, table, text

from tests.database.conftest import differences
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import prepare_migrations
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.models.counters import DURATIONS

EVENT = """INSERT INTO events (id, public_id, type, data, test, deliveries_count, occurred_at,
 created_at) VALUES (1, 'evt_1', 'message_created', '', FALSE, 0, 0, 0)"""
DELIVERY = """INSERT INTO deliveries (id, public_id, event_id, type, test, status, claims,
 attempts_made, created_at) VALUES (:n, :id, 1, 'message_created', FALSE, :status, 1, :made, 0)"""
WEBHOOK = """INSERT INTO webhooks (public_id, name, url, search_text, auth_type, signing_secret,
 payload_format, enabled, version, created_at, updated_at, last_delivery_id)
 VALUES (:id, '', '', '', 'none', '', 'envelope', TRUE, 1, 0, 0, :n)"""

Story = Iterator[None]
"""Fills the tables of its revision; looks at today's; looks at those of its revision again."""


def execute(statement: str, facts: dict[str, Any] | list[dict[str, Any]] | None = None) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(statement), facts)


def rows(query: str) -> list[Any]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def what_senders_called_their_events() -> Story:
    execute(_OLD_EVENT)
    execute(_OLD_KEY)
    yield
    keys = "SELECT key, event_public_id, deliveries FROM idempotency_keys"
    assert rows(keys) == [("id:9001", "evt_7", 2)]
    yield
    assert rows("SELECT key, event_id, fingerprint FROM idempotency_keys") == [("id:9001", 7, "f")]


_OLD_EVENT = """INSERT INTO events (id, public_id, type, data, test, deliveries_count, occurred_at,
 created_at) VALUES (7, 'evt_7', 'message_created', '{}', FALSE, 2, 1, 1)"""
_OLD_KEY = """INSERT INTO idempotency_keys (key, event_id, fingerprint, created_at)
 VALUES ('id:9001', 7, 'f', 1)"""


def how_the_last_attempt_ended() -> Story:
    """It is taken from its delivery."""
    execute(EVENT)
    ends = [("succeeded", 1), ("failed", 3), ("pending", 1), ("delivering", 0), ("cancelled", 0)]
    for number, (status, made) in enumerate(ends, 1):
        facts = {"n": number, "id": f"end_{number}"}
        execute(DELIVERY, facts | {"status": status, "made": made})
        execute(WEBHOOK, facts)
    execute(WEBHOOK, {"n": 99, "id": "end_9"})
    yield
    ours = select(Webhook.last_succeeded).where(Webhook.public_id.like("end_%"))
    found = db.session.scalars(ours.order_by(Webhook.public_id)).all()
    assert found == [True, False, False, None, None, None]


def what_webhooks_are_sorted_by() -> Story:
    execute(WEBHOOK, {"n": 1, "id": "sorted"})
    beta = "UPDATE webhooks SET search_text = 'beta', sort_key = 'stale' WHERE public_id = 'sorted'"
    execute(beta)
    yield
    yield
    assert rows(_SORTED_BY) == [("г" * 100,)]


def what_they_are_sorted_by_follows_what_is_searched() -> Story:
    assert rows(_SORTED_BY) == [("beta",)]
    execute("UPDATE webhooks SET search_text = :t WHERE public_id = 'sorted'", {"t": "г" * 101})
    assert rows(_SORTED_BY) == [("г" * 100,)]
    yield
    yield
    assert rows(_SORTED_BY) == [("г" * 100,)]


_SORTED_BY = "SELECT sort_key FROM webhooks WHERE public_id = 'sorted'"


def counts_by_day() -> Story:
    """They become those of the hours: what a day counts beyond those left is in its first hour."""
    day = 86_400_000
    execute(WEBHOOK, {"n": 1, "id": "counted"})
    ((webhook,),) = rows("SELECT id FROM webhooks WHERE public_id = 'counted'")
    with db.engine.begin() as connection:
        for name, began, moment, attempts in (
            ("webhook_hours", "hour", 2 * day + 7_200_000, 3),
            ("webhook_hours", "hour", 2 * day + 10_800_000, 1),
            ("webhook_days", "day", 2 * day, 4),
            ("webhook_hours", "hour", 3 * day, 2),
            ("webhook_hours", "hour", 3 * day + 3_600_000, 2),
            ("webhook_days", "day", 3 * day, 7),
            ("webhook_days", "day", day, 9),
        ):
            row = {"webhook_id": webhook, began: moment} | dict.fromkeys(_COUNTED_THEN, attempts)
            connection.execute(insert(table(name, *map(column, row))).values(row))
    past = "INSERT INTO webhook_pasts (webhook_id, hour, counts) VALUES (:id, 0, '[]')"
    execute(past, {"id": webhook})
    job = "INSERT INTO chores (name, held_until, done_at) VALUES (:name, 0, 0)"
    execute(job, [{"name": "past"}, {"name": "prune"}])
    yield
    assert rows("SELECT hour, attempts, took_11 FROM webhook_hours ORDER BY hour") == [
        *((day, 9, 9), (2 * day + 7_200_000, 3, 3), (2 * day + 10_800_000, 1, 1)),
        *((3 * day, 5, 5), (3 * day + 3_600_000, 2, 2)),
    ]
    assert rows("SELECT name FROM chores") == [("prune",)]
    assert {"webhook_days", "webhook_pasts"}.isdisjoint(inspect(db.engine).get_table_names())
    yield
    days = rows("SELECT day, attempts FROM webhook_days ORDER BY day")
    assert days == [(day, 9), (2 * day, 4), (3 * day, 7)]


_COUNTED_THEN = ("delivered", "given_up", "attempts", "failed_attempts", *DURATIONS)


def authorizations() -> Story:
    given = [
        ("wh_1", "none", None, None, None),
        ("wh_2", "bearer", None, None, "sealed-1"),
        ("wh_3", "basic", "нова", None, "sealed-2"),
        ("wh_4", "custom", None, "X-Api-Key", "sealed-3"),
    ]
    for public_id, kind, login, header, secret in given:
        execute(WEBHOOK, {"n": None, "id": public_id})
        facts = {"id": public_id, "kind": kind, "login": login, "header": header}
        execute(_AUTHORIZE, facts | {"secret": secret})
    yield
    ours = select(Webhook).where(Webhook.public_id.like("wh_%")).order_by(Webhook.public_id)
    found = db.session.scalars(ours).all()
    assert [(w.auth_type, w.auth_public, w.auth_secret) for w in found] == [
        ("none", {}, None),
        ("bearer", {}, "sealed-1"),
        ("basic", {"login": "нова"}, "sealed-2"),
        ("custom", {"header_name": "X-Api-Key"}, "sealed-3"),
    ]
    yield
    assert rows(_AUTHORIZED) == given


_AUTHORIZE = """UPDATE webhooks SET auth_type = :kind, auth_login = :login,
 auth_header_name = :header, auth_secret = :secret WHERE public_id = :id"""
_AUTHORIZED = """SELECT public_id, auth_type, auth_login, auth_header_name, auth_secret
 FROM webhooks WHERE public_id LIKE 'wh_%' ORDER BY public_id"""


def webhooks_and_channels_in_the_order_of_the_alphabet() -> Story:
    names = ["Їжак", "Ілля", "Ґанок", "Гірка"]
    for number, name in enumerate(names):
        execute(WEBHOOK, {"n": None, "id": f"x{number}"})
        named = "UPDATE webhooks SET name = :n, search_text = :s WHERE public_id = :id"
        execute(named, {"n": name, "s": name.casefold() + " м’ята", "id": f"x{number}"})
        execute(_OLD_CHANNEL, {"n": name, "id": f"c{number}"})
    yield
    for model in (Webhook, Channel):
        ours = select(model.name).where(model.name != "").order_by(model.sort_key)
        assert db.session.scalars(ours).all() == names[::-1]
    assert rows("SELECT search_text FROM webhooks WHERE public_id = 'x2'") == [("ґанок м'ята",)]
    yield
    kept = rows("SELECT sort_key FROM webhooks WHERE public_id = 'x2'")
    assert kept == [("ґанок м'ята",)]


_OLD_CHANNEL = """INSERT INTO channels (public_id, key, name, kind, created_at, updated_at)
 VALUES (:id, :id, :n, 'other', 0, 0)"""

STORIES: Sequence[tuple[str, Callable[[], Story]]] = (
    ("0003", what_senders_called_their_events),
    ("0004", how_the_last_attempt_ended),
    ("0005", what_webhooks_are_sorted_by),
    ("0006", what_they_are_sorted_by_follows_what_is_searched),
    ("0006", counts_by_day),
    ("0007", authorizations),
    ("0013", webhooks_and_channels_in_the_order_of_the_alphabet),
)


def test_everything_is_carried_over_and_back(empty_app: Flask) -> None:
    begun: list[tuple[str, Story]] = []
    for revision, story in STORIES:
        migrate(empty_app, revision)
        begun.append((revision, story()))
        go_on(empty_app, begun[-1][1])
    migrate(empty_app)
    for _, under_way in begun:
        go_on(empty_app, under_way)
    for revision, under_way in reversed(begun):
        migrate(empty_app, revision, by=flask_migrate.downgrade)
        go_on(empty_app, under_way)
    migrate(empty_app)
    assert differences(empty_app) == []


def migrate(
    app: Flask, revision: str = "head", by: Callable[..., None] = flask_migrate.upgrade
) -> None:
    prepare_migrations(app)
    with app.app_context():
        by(revision=revision)


def go_on(app: Flask, story: Story) -> None:
    with app.app_context():
        next(story, None)
