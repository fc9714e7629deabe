"""Fills a database with a month of a busy console: `python -m bench.seed --help`.

Events have three deliveries each (one in twenty has none); they come ever more often, 60 % of them
a message, a third on one channel. One webhook gets 15 % of the deliveries and lets two in five time
out, nine others get as many together; of the rest one in twenty fails. The newest wait.

Shares are the same however many deliveries there are, and what is rare (one error, one webhook's
deliveries) is as rare in number: so a list shows as much of few as of many, like with like.
The rows are made by the database itself, from their numbers, so that two runs agree.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, insert, text

from bench import seed_others, seed_sql
from webhooks_ui import create_app
from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.database.engine import db
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.types import Base, now
from webhooks_ui.models import (
    Attempt,
    Channel,
    Delivery,
    Event,
    Webhook,
    WebhookEvent,
)
from webhooks_ui.models.public_ids import CHANNEL, WEBHOOK, new_id
from webhooks_ui.models.webhook_history import WebhookState
from webhooks_ui.server import process
from webhooks_ui.text.folding import folded

CHANNELS = 200
BATCH = 100_000  # events in one transaction
LOGS: tuple[type[Base], ...] = (Event, Delivery, Attempt)


def seed(app: Flask, webhooks: int, deliveries: int, *, report: bool = False) -> None:
    """Fills the app's empty, migrated database; needs a superuser on PostgreSQL."""
    started = time.perf_counter()

    def say(what: str) -> None:
        if report:
            print(f"{time.perf_counter() - started:7.0f} s  {what}", flush=True)

    plan = seed_sql.Plan(webhooks, deliveries, CHANNELS, int(now().timestamp() * 1000))
    with app.app_context(), db.engine.connect() as connection:
        _hurry(connection)
        _set_up(app, connection, webhooks)
        seed_others.fill(connection, webhooks, now())
        say("webhooks")
        indexes = _indexes(connection)
        for name in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        for first in range(1, plan.events + 1, BATCH):
            last = min(first + BATCH - 1, plan.events)
            for statement in plan.rows(connection.dialect.name):
                connection.execute(text(statement), {"first": first, "last": last})
            connection.commit()
            say(f"events {last:,} of {plan.events:,}")
        for name, definition in indexes.items():
            connection.execute(text(definition))
            connection.commit()
            say(name)
        for statement in plan.sums(connection.dialect.name):
            connection.execute(text(statement))
            connection.commit()
            say(statement.split("(")[0][:50])
    say("done")


def _indexes(connection: Connection) -> dict[str, str]:
    """The indexes of the logs as the migrations made them, partial ones too: names, statements."""
    known = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name",
        # Of the partitions, too: PostgreSQL tells the index of their table without them.
        "postgresql": "SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes"
        " ORDER BY indexname",
    }[connection.dialect.name]
    tables: list[Any] = [getattr(model, "__table__") for model in LOGS]  # noqa: B009  # a Table only for the type checker's base class
    names = {index.name for table in tables for index in table.indexes}
    return {name: sql for name, sql in connection.execute(text(known)) if name in names}


def _hurry(connection: Connection) -> None:
    """Switches durability and foreign keys off while filling: after a crash, start again."""
    if connection.dialect.name == "sqlite":
        quick = ("foreign_keys=OFF", "cache_size=-400000", "temp_store=MEMORY", "threads=4")
        for pragma in ("synchronous=OFF", "journal_mode=OFF", *quick):
            connection.connection.cursor().execute(f"PRAGMA {pragma}")  # before any BEGIN
        return
    connection.execute(text("SET session_replication_role = replica"))
    connection.execute(text("SET maintenance_work_mem = '400MB'"))


def _set_up(app: Flask, connection: Connection, webhooks: int) -> None:
    moment, vault = now(), app.extensions["vault"]
    types = [*EVENT_TYPES]
    channels, hooks, subscriptions, states = [], [], [], []
    for n in range(1, CHANNELS + 1):
        name = f"Channel {n}"
        channels.append({"id": n, "public_id": new_id(CHANNEL), "key": f"channel-{n}"})
        channels[-1] |= {"name": name, "kind": "telegram"}
    for n in range(1, webhooks + 1):
        public_id, name = new_id(WEBHOOK), f"Webhook {n}"
        url = f"https://receiver-{n}.example/hooks/{n}"
        hooks.append({"id": n, "public_id": public_id, "name": name, "url": url})
        hooks[-1] |= {
            "search_text": folded(f"{name}\n{url}\n"),
            "signing_secret": vault.encrypt(new_secret(), f"{public_id}:signing"),
            "enabled": n % 50 != 7,
            "disabled_reason": "manual" if n % 50 == 7 else None,
            "channel_id": n % CHANNELS + 1 if n % 3 == 0 else None,
        }
        chosen = types if n % 2 else types[:2]
        subscriptions += [{"webhook_id": n, "type": kind} for kind in chosen]
        states.append({"webhook_id": n, "since": moment, "enabled": n % 50 != 7})
        states[-1] |= {"deleted": False, "event_types": chosen}
    connection.execute(insert(Channel), channels)
    connection.execute(insert(Webhook), hooks)
    connection.execute(insert(WebhookEvent), subscriptions)
    connection.execute(insert(WebhookState), states)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.seed", description=__doc__)
    parser.add_argument("--webhooks", type=int, default=10_000)
    parser.add_argument("--deliveries", type=int, default=10_000_000)
    parser.add_argument("--data-dir", type=Path, required=True, help="a folder for the keys")
    parser.add_argument("--database", help="else a SQLite file in that folder")
    chosen = parser.parse_args()
    settings = {"DATA_DIR": chosen.data_dir}
    if chosen.database:
        settings["DATABASE_URL"] = chosen.database
    app = create_app(settings)
    upgrade(app)
    seed(app, chosen.webhooks, chosen.deliveries, report=True)
    process.close(app)


if __name__ == "__main__":
    main()
