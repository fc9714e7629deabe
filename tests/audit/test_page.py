"""The page of the audit log: filters, pages, words, downloads; and the history of one thing."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.audit.conftest import entries
from tests.audit.test_changes import BEARER, edit
from tests.conftest import make_webhook, piece, sign_in
from tests.support import kept_log
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.accounts import users
from webhooks_ui.audit import AuditEntry, record
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import Base, now
from webhooks_ui.explanations.audit_words import ACTIONS, FIELDS
from webhooks_ui.jobs import retention
from webhooks_ui.models import Channel, Source, Token, User, audit_list
from webhooks_ui.models.audit_list import AuditFilter

PAGE = "/settings/audit"
UNTOLD = {"deleted_at", "created_at", "created_by", "created_by_id", "user_id"}
UNTOLD |= {"last_row", "webhook_id", "token"}


def many(app: Flask, count: int, action: str = "channel.changed", name: str = "Filler") -> None:
    with app.app_context(), transaction():
        for number in range(count):
            record(action, "channel", f"ch_{number}", name)


def test_it_tells_a_change_in_words(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin, **BEARER)
    edit(admin, own, url="https://crm.example/new", auth_token="secret-two")
    page = admin.get(f"{PAGE}?q={own}").text
    assert "Webhook changed" in page
    assert f'href="/webhooks/{own}"' in page
    source = admin.post("/sources/new", data={"name": "Acme"}).location
    assert f'href="{source}"' in admin.get("/settings/audit").text
    assert "<del><code>https://crm.example/hook</code></del>" in page
    assert "<code>https://crm.example/new</code></ins>" in page
    assert '<dt>Authorization secret</dt><dd><span class="muted">changed</span>' in page
    uk = admin.get(f"{PAGE}?q={own}", headers={"Accept-Language": "uk"}).text
    assert "Вебхук змінено" in uk


def test_what_an_entry_is_about_is_linked_as_long_as_it_is_there(
    app: Flask, admin: FlaskClient
) -> None:
    with app.app_context():
        for name in ("kept", "lost"):
            assert not users.add_user(name, "plum copper violin 42", "viewer")
    for name in ("Kept", "Lost"):
        admin.post("/settings/tokens/new", data={"name": name, "scope": "events"})
        admin.post("/channels/new", data={"key": name, "name": name, "kind": "api"})
        admin.post("/sources/new", data={"name": name})
    with app.app_context():
        (kept, lost) = db.session.scalars(select(Token.public_id).order_by(Token.name))
        channel, source = (
            db.session.scalar(select(kind.public_id).filter_by(name="Lost"))
            for kind in (Channel, Source)
        )
        person = db.session.scalar(select(User.id).filter_by(login="lost"))
    gone = f"/settings/tokens/{lost}/revoke", f"/settings/users/{person}/remove"
    for path in (*gone, f"/channels/{channel}/delete", f"/sources/{source}/delete"):
        assert admin.post(path).status_code == 303, path
    table = admin.get(PAGE).text.partition("<tbody")[2]
    links = {*re.findall(r'<a href="([^"]+)"><bdi>[Kk]ept</bdi>', table)}
    assert len(links) == 4
    assert len(re.findall(r"<span><bdi>[Ll]ost</bdi></span>", table)) == 8, "made and deleted"
    for link in links:
        assert admin.get(link, follow_redirects=True).status_code == 200, link
    assert admin.get(f"/jump?q={kept}").location == f"/settings/tokens?page=1#{kept}"


def test_a_value_is_called_what_it_is_called_where_it_is_chosen(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin, **BEARER)
    edit(admin, own, payload_format="raw")
    with app.app_context(), transaction():
        record("user.changed", "user", 1, "olena", changes={"role": ["viewer", "editor"]})
    page = admin.get(PAGE, headers={"Accept-Language": "uk"}).text
    for before, after in (("Конверт", "Як є"), ("Спостерігач", "Редактор")):
        assert f"<del><code>{before}</code></del>" in page
        assert f"<ins><code>{after}</code></ins>" in page


def test_what_has_no_name_is_not_shown_by_its_number(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), transaction():
        record("receiver.changed", "receiver", 71_263)
        record("payload.read", "receiver", 71_263)
    page = admin.get(PAGE).text
    assert "<b>Payload viewed</b> <span>Test receiver</span>" in page
    assert "71263" not in page


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("who=ivan", {"access.refused"}),
        ("what=change", {"webhook.created", "channel.created"}),
        ("what=refusal", {"access.refused"}),
        ("q=CRM", {"webhook.created"}),
        ("q=sales", {"channel.created"}),
        ("what=refusal&who=olena", set()),
        ("who=olena&q=sales", {"channel.created"}),
        ("span=1h&what=refusal", {"access.refused"}),
        ("until=2020-01-01T00:00", set()),
        ("since=2020-01-01T00:00&who=ivan", {"access.refused"}),
    ],
)
def test_filters(app: Flask, admin: FlaskClient, filters: str, found: set[str]) -> None:
    make_webhook(admin)
    admin.post("/channels/new", data={"key": "4", "name": "Sales", "kind": "api"})
    sign_in(app, "ivan", "viewer").get("/settings/tokens")
    rows = admin.get(f"{PAGE}.ndjson?{filters}").text.splitlines()
    shown = {json.loads(row)["action"] for row in rows} - {"audit.exported"}
    assert shown == found
    page = admin.get(f"{PAGE}?{filters}").text
    assert all(str(ACTIONS[action]) in page for action in found)
    assert found or "No entry matches" in page


@ON_BOTH_DATABASES
def test_pages_walk_all_of_it_newest_first(app: Flask) -> None:
    admin = sign_in(app, "olena")
    many(app, 120)
    seen: list[int] = []
    before: int | None = None
    with app.app_context():
        while True:
            found = AuditFilter().find(before=before)
            seen += found.ids
            if (before := found.next) is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == db.session.query(AuditEntry).count()
    page = admin.get(PAGE).text
    assert "50 entries on this page" in page
    assert "Older" in page
    assert "<html" not in piece(admin, "GET", PAGE).text


def test_downloads_hold_everything_and_are_recorded(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin, name="=1+1")
    many(app, 600)
    rows = [json.loads(row) for row in admin.get(f"{PAGE}.ndjson").text.splitlines()]
    made = next(row for row in rows if row["action"] == "webhook.created")
    assert len(rows) == len(entries(app))
    assert (made["object_id"], made["actor"], made["address"]) == (own, "olena", "127.0.0.1")
    assert made["changes"]["name"] == [None, "=1+1"]
    text = admin.get(f"{PAGE}.csv?q={own}").text.removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["object"] == "'=1+1"
    assert json.loads(row["changes"])["name"] == [None, "=1+1"]
    assert [one.details for one in entries(app, action="audit.exported")] == [
        {"format": "ndjson", "filter": {}},
        {"format": "csv", "filter": {"q": own}},
    ]


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_it_is_for_administrators(app: Flask, role: str) -> None:
    browser = sign_in(app, "ivan", role)
    for path in (PAGE, f"{PAGE}.csv", f"{PAGE}.ndjson"):
        assert browser.get(path).status_code == 403


def test_entries_are_deleted_by_their_own_retention_alone(app: Flask) -> None:
    many(app, 3)
    with app.app_context():
        with kept_log.edited(), transaction():
            for entry in db.session.query(AuditEntry):
                entry.created_at -= timedelta(days=400)
        list(retention.prune(timedelta(hours=1), now(), audit_retention=timedelta(days=500)))
        assert len(entries(app)) == 3
        list(retention.prune(timedelta(days=900), now(), audit_retention=timedelta(days=365)))
    assert entries(app) == []


def test_the_history_of_a_webhook(app: Flask, admin: FlaskClient) -> None:
    own, other = make_webhook(admin), make_webhook(admin, name="Other")
    admin.post(f"/webhooks/{own}/disable")
    admin.post(f"/webhooks/{other}/disable")
    with app.app_context():
        found = audit_list.load(AuditFilter(about=own, topic="change").find().ids)
        assert [entry.action for entry in found] == ["webhook.disabled", "webhook.created"]


def test_every_action_and_field_has_its_words() -> None:
    """Of the models that record themselves; what is recorded by name is walked by the others."""
    for mapper in Base.registry.mappers:
        spec = getattr(mapper.class_, "__audited__", None)
        if spec is None:
            continue
        assert f"{spec.kind}.created" in ACTIONS
        said = {*spec.told, *mapper.column_attrs.keys()} - spec.silent - {"id", "public_id"}
        assert said - UNTOLD - {*FIELDS} == set(), spec.kind
