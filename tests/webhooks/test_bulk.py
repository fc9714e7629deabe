"""Several webhooks at once: what each action does, what it leaves, and that undo restores it."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.conftest import make_webhook, piece, sign_in, stored
from tests.engine.conftest import deliveries, receiver, send, subscribe
from tests.support.apps import ON_BOTH_DATABASES
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.jobs import recovery
from webhooks_ui.models import (
    BulkChange,
    Channel,
    Delivery,
    Webhook,
    channel_changes,
    webhook_history,
)
from webhooks_ui.models.webhook_bulk import MAX_AT_ONCE

__all__ = ["receiver"]  # fixtures


def press(browser: FlaskClient, ids: list[str], action: str, **form: Any) -> str:
    """Does it; the page that follows."""
    answer = browser.post("/webhooks/bulk", data={"ids": ids, "action": action, **form})
    assert answer.status_code == 303, answer.text
    return unescape(browser.get(answer.location).text)


def undo(app: Flask, browser: FlaskClient) -> str:
    with app.app_context():
        last = select(BulkChange.public_id).order_by(BulkChange.id.desc()).limit(1)
        done = db.session.scalar(last)
    answer = browser.post(f"/webhooks/bulk/{done}/undo", data={"next": "/webhooks?q=x&done=old"})
    assert answer.location == "/webhooks?q=x"
    return unescape(browser.get(answer.location).text)


def facts(app: Flask, public_id: str) -> tuple[Any, ...]:
    """What an action can change."""
    with app.app_context():
        webhook = db.session.scalars(select(Webhook).filter_by(public_id=public_id)).one()
        own = (webhook.enabled, webhook.disabled_reason, webhook.disabled_at, webhook.failing_since)
        more = (webhook.paused_until, webhook.channel_id, webhook.deleted_at)
        return *own, *more, tuple(webhook.event_types)


@pytest.fixture
def three(app: Flask, admin: FlaskClient) -> list[str]:
    """Two that are enabled, one of them failing, and one that is not."""
    with app.app_context(), transaction():
        db.session.add(Channel(key="sales", name="Sales", kind="telegram"))
    found = [make_webhook(admin, name=name) for name in ("One", "Two")]
    found.append(subscribe(app, "https://crm.example/3", name="Three", enabled=False))
    with app.app_context(), transaction():
        since = now() - timedelta(hours=2)
        own = update(Webhook).where(Webhook.public_id == found[0])
        db.session.execute(own.values(failing_since=since, last_succeeded=False))
    return found


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    ("action", "form", "said", "after"),
    [
        ("enable", {}, "1 webhook is enabled.", (None, None, (True, None))),
        ("disable", {}, "2 webhooks are disabled.", ((False, "manual"), (False, "manual"), None)),
        ("pause", {"until": "1h"}, "2 webhooks are paused.", ((True, None), (True, None), None)),
        ("channel", {"channel": "sales"}, "3 webhooks are changed.", None),
        ("add_event", {"event": "team_changed"}, "3 webhooks are changed.", None),
        ("remove_event", {"event": "message_created"}, "Nothing to change", None),
        ("delete", {}, "3 webhooks are deleted.", None),
    ],
)
def test_each_action_and_its_undo(
    app: Flask,
    admin: FlaskClient,
    three: list[str],
    action: str,
    form: dict[str, str],
    said: str,
    after: tuple[Any, ...] | None,
) -> None:
    before = [facts(app, one) for one in three]
    assert said in press(admin, three, action, **form)
    now_ = [facts(app, one) for one in three]
    for expected, found, was in zip(after or (), now_, before, strict=False):
        assert found[:2] == expected if expected else found == was
    if action == "remove_event":
        assert now_ == before
        return
    assert now_ != before
    page = undo(app, admin)
    assert "as they were." in page or "is as it was." in page
    assert [facts(app, one) for one in three] == before


def test_what_each_changes(app: Flask, admin: FlaskClient, three: list[str]) -> None:
    press(admin, three, "add_event", event="team_changed")
    assert stored(app, three[0]).event_types == ["message_created", "team_changed"]
    press(admin, three, "remove_event", event="message_created")
    assert stored(app, three[0]).event_types == ["team_changed"]
    press(admin, three, "channel", channel="sales")
    assert stored(app, three[2]).channel_id is not None
    press(admin, three, "channel", channel="")
    assert stored(app, three[2]).channel_id is None
    press(admin, three[:1], "pause", until="at", at="2999-01-01T08:00", zone="UTC")
    assert stored(app, three[0]).paused_until == datetime(2999, 1, 1, 8, tzinfo=UTC)
    press(admin, three[:1], "resume")
    assert stored(app, three[0]).paused_until is None


@ON_BOTH_DATABASES
def test_undo_brings_back_what_waited_and_the_history_knows_both(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    send(app, 2)
    press(admin, [own], "disable")
    assert [one.status for one in deliveries(app)] == ["cancelled"] * 2
    undo(app, admin)
    assert [one.status for one in deliveries(app)] == ["pending"] * 2
    with app.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        (off,) = webhook_history.idle_periods(webhook.id)
        assert off.until is not None


def test_undo_leaves_what_was_changed_since_and_works_once(
    app: Flask, admin: FlaskClient, three: list[str]
) -> None:
    press(admin, three, "disable")
    admin.post(f"/webhooks/{three[1]}/enable")
    page = undo(app, admin)
    assert "1 webhook is as it was." in page
    assert "1 was changed since and stays as it is." in page
    assert [stored(app, one).enabled for one in three] == [True, True, False]
    press(admin, three[:1], "disable")
    undo(app, admin)
    admin.post(f"/webhooks/{three[0]}/disable")
    assert "as it was" not in undo(app, admin)
    assert stored(app, three[0]).enabled is False


def test_undo_restores_only_what_was_changed(
    app: Flask, admin: FlaskClient, three: list[str]
) -> None:
    press(admin, three, "add_event", event="team_changed")
    with app.app_context(), transaction():
        recovers = update(Webhook).where(Webhook.public_id == three[0])
        db.session.execute(recovers.values(failing_since=None, last_succeeded=True))
    undo(app, admin)
    assert stored(app, three[0]).failing_since is None
    assert stored(app, three[0]).event_types == ["message_created"]


@ON_BOTH_DATABASES
def test_undo_leaves_webhooks_whose_channel_is_gone(
    app: Flask, admin: FlaskClient, three: list[str]
) -> None:
    press(admin, three[:1], "channel", channel="sales")
    with app.app_context(), transaction():
        db.session.add(Channel(key="shop", name="Shop", kind="telegram"))
    press(admin, three, "channel", channel="shop")
    with app.app_context():
        own = db.session.scalars(select(Channel).filter_by(key="sales")).one()
        assert not channel_changes.delete(own)
    page = undo(app, admin)
    assert "2 webhooks are as they were." in page
    assert "1 was changed since and stays as it is." in page
    assert [stored(app, one).channel_id is None for one in three] == [False, True, True]


@pytest.mark.parametrize(
    ("ids", "form", "said"),
    [
        ([], {"action": "disable"}, "Choose at least one webhook first."),
        (["wh_x"] * 2, {"action": "pause", "until": "never"}, "Choose a time in the future."),
        (["wh_x"], {"action": "channel", "channel": "gone"}, "This channel no longer exists."),
        (["wh_x"], {"action": "add_event", "event": "gone"}, "Choose one of the events."),
        ([f"wh_{n}" for n in range(MAX_AT_ONCE + 1)], {"action": "enable"}, "at most."),
        (["wh_x"], {"action": "enable"}, "Nothing to change"),
    ],
)
def test_what_cannot_be_is_said(
    admin: FlaskClient, ids: list[str], form: dict[str, str], said: str
) -> None:
    assert said in press(admin, ids, **form)


def test_an_unknown_action_is_none(admin: FlaskClient) -> None:
    data = {"ids": ["wh_x"], "action": "shout"}
    assert admin.post("/webhooks/bulk", data=data).status_code == 400


def test_the_filters_stay(admin: FlaskClient, three: list[str]) -> None:
    data = {"ids": three, "action": "enable", "next": "/webhooks?q=One&page=2&done=blk_old"}
    location = admin.post("/webhooks/bulk", data=data).location
    assert location.startswith("/webhooks?q=One&page=2&done=blk_")


def test_tests_are_sent_and_their_progress_shown(
    app: Flask, admin: FlaskClient, receiver: Receiver
) -> None:
    ids = [subscribe(app, receiver.url, name=name) for name in ("One", "Two")]
    answer = admin.post("/webhooks/bulk", data={"ids": ids, "action": "test"})
    done = answer.location

    def is_done() -> bool:
        return "2 of 2 tests done." in admin.get(done).text

    wait_until(is_done, what="two tests")
    page = admin.get(done).text
    assert "hx-trigger" not in piece(admin, "GET", done).text
    assert "One" in page
    assert [one.test for one in deliveries(app)] == [True, True]
    # It changed nothing, and cannot be taken back.
    assert admin.post(f"{done}/undo").status_code == 404
    assert 'id="done"' not in admin.get(f"/webhooks?done={done.rpartition('/')[2]}").text


def test_recoveries_run_for_each_that_missed_something(
    app: Flask, admin: FlaskClient, three: list[str]
) -> None:
    send(app)
    with app.app_context(), transaction():
        lost = {"status": "failed", "due_at": None, "attempts_made": 1}
        own = select(Webhook.id).where(Webhook.public_id == three[0])
        theirs = Delivery.webhook_id.in_(own)
        db.session.execute(update(Delivery).where(theirs).values(**lost))
    page = press(admin, three, "recover")
    assert "0 of 1 recoveries done." in page
    assert "Disabled: nothing is sent." in page
    assert "Nothing was missed." in page
    with app.app_context():
        while recovery.step():
            pass
    assert len(deliveries(app)) == 3


def test_the_export_is_the_apis_without_secrets(admin: FlaskClient) -> None:
    own = make_webhook(admin, auth_type="bearer", auth_token="kept-to-ourselves")
    answer = admin.post("/webhooks/bulk", data={"ids": [own], "action": "export"})
    assert answer.json
    (found,) = answer.json["webhooks"]
    assert (found["id"], found["state"]) == (own, "untested")
    assert found["authorization"] == {"type": "bearer", "token_set": True}
    assert "kept-to-ourselves" not in answer.text
    assert "whsec_" not in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_viewer_may_not(app: Flask, admin: FlaskClient, three: list[str]) -> None:
    viewer = sign_in(app, "viewer", "viewer")
    assert viewer.post("/webhooks/bulk", data={"ids": three, "action": "enable"}).status_code == 403
    assert "/webhooks/bulk" not in viewer.get("/webhooks").text
