"""A console of 2026-11-26 with one of everything: brought up to date, it shows all that it had."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.apps import Apps, MakeApp
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook

DUMP = Path(__file__).parent / "console_2026_11_26.sql"
KEY = b"a key that only the tests know!!"
PASSWORD = "verba-17-lystok-kobzar"
TOKEN = "whui_of-the-old-platform"

EVENT = {
    "id": "msg-9001",
    "type": "message_created",
    "data": {"id": 9001, "content": "Добрий день", "price": 1.5},
}
"""What the platform sent then."""

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@pytest.fixture(scope="module")
def before() -> Tables:
    """What stood in each table."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(DUMP.read_text("utf-8"))
        return rows(database)


def rows(database: sqlite3.Connection) -> Tables:
    database.row_factory = sqlite3.Row
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: [dict(row) for row in database.execute(f"SELECT * FROM {name} ORDER BY 1")]  # noqa: S608
        for (name,) in names
    }


@pytest.fixture
def console(make_app: MakeApp, apps: Apps) -> Flask:
    """Today's program on that database."""
    file = apps.data_dir / "old.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(DUMP.read_text("utf-8"))
    app = make_app(DATABASE_URL=f"sqlite:///{file}", ENCRYPTION_KEYS=(KEY,))
    upgrade(app)
    return app


GONE = {"webhook_days", "webhook_pasts"}
"""Tables of migration 0007: counts by day became those of the hours."""
CHANGED = {
    "alembic_version": {"version_num"},
    "webhooks": {"sort_key", "auth_login", "auth_header_name"},  # 0008 and 0014
}


def test_every_row_is_as_it_was(console: Flask, before: Tables) -> None:
    with closing(sqlite3.connect(console.config["DATA_DIR"] / "old.db")) as database:
        after = rows(database)

    assert before.keys() - after.keys() == GONE
    for name in before.keys() - GONE:
        assert before[name], f"the dump has nothing in {name}"
        kept = before[name][0].keys() - CHANGED.get(name, set())
        found = [{column: row[column] for column in kept} for row in after[name]]
        assert found == [{column: row[column] for column in kept} for row in before[name]], name


def test_every_row_is_shown(console: Flask, before: Tables) -> None:
    with console.app_context(), transaction():  # what was deleted is kept for 30 days
        deleted = update(Webhook).where(Webhook.deleted_at.is_not(None))
        db.session.execute(deleted.values(deleted_at=now()))
    browser = console.test_client()
    signed_in = browser.post("/login", data={"login": "olena", "password": PASSWORD})
    assert signed_in.status_code == 303, signed_in.text
    webhooks = [row for row in before["webhooks"] if not row["deleted_at"]]
    shown = {
        "/webhooks": [row["name"] for row in webhooks],
        "/webhooks/deleted": ["Removed"],
        "/channels": [before["channels"][0]["name"], before["channels"][0]["key"]],
        "/events?tests=yes": [row["public_id"] for row in before["events"]],
        "/deliveries?tests=yes": [row["public_id"] for row in before["deliveries"]],
        "/settings/tokens": [row["name"] for row in before["tokens"]],
        "/settings/users": [row["login"] for row in before["users"]],
        "/receiver": [row["url"] for row in before["receivers"]],
        f"/receiver/{before['receivers'][0]['token']}": ['"hello"'],
        f"/recoveries/{before['recoveries'][0]['public_id']}": ["Warehouse"],
    }
    for row in webhooks:
        shown[f"/webhooks/{row['public_id']}"] = [row["name"], row["url"]]
        shown[f"/webhooks/{row['public_id']}/edit"] = [row["auth_login"], row["auth_header_name"]]
    for row in before["events"]:
        shown[f"/events/{row['public_id']}"] = []
    for row in before["deliveries"]:
        shown[f"/deliveries/{row['public_id']}"] = [
            words
            for attempt in before["attempts"]
            if attempt["delivery_id"] == row["id"]
            for words in (attempt["request_url"], attempt["response_body"].decode())
        ]
    missing = {path: [*lacking(browser, path, texts)] for path, texts in shown.items()}
    assert {path: texts for path, texts in missing.items() if texts} == {}


def lacking(browser: FlaskClient, path: str, texts: list[str | None]) -> Iterator[str]:
    """Those of the texts that the page does not show, whatever tags stand in between."""
    answer = browser.get(path)
    assert answer.status_code == 200, path
    page = squeezed(unescape(re.sub(r"<[^>]+>", "", answer.text) + answer.text))
    yield from (text for text in texts if text and squeezed(text) not in page)


def squeezed(text: str) -> str:
    """Without spaces: JSON is shown in lines."""
    return "".join(text.split())


def test_its_secrets_open_and_its_platform_goes_on(console: Flask) -> None:
    with console.app_context():
        vault = console.extensions["vault"]
        stored = [webhook.authorization(vault) for webhook in db.session.scalars(select(Webhook))]
    assert [one for one in stored if one != NoAuthorization()] == [
        Bearer("bearer-secret-0001"),
        Basic("hooks", "basic-secret-0002"),
        Custom("X-Api-Key", "custom-secret-0003"),
    ]

    answer = console.test_client().post(
        "/api/v1/events",
        headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "order-9001"},
        json=EVENT,
    )
    assert answer.json == {
        "id": "evt_01m8n37h3da914w2f9ahmcz0z4",
        "deliveries": 4,
        "duplicate": True,
    }
