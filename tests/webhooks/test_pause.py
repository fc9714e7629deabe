"""Pausing by the console: for how long, in whose zone, what is said, and one press to recover."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, sign_in, stored
from tests.engine.conftest import deliveries, send
from tests.support.apps import ON_BOTH_DATABASES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.forms import pause as pause_form
from webhooks_ui.jobs import recovery
from webhooks_ui.models import Webhook, WebhookState

MOMENT = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)


def press(browser: FlaskClient, public_id: str, **form: str) -> str:
    """Pauses; the page that follows."""
    answer = browser.post(f"/webhooks/{public_id}/pause", data=form)
    assert answer.status_code == 303
    return unescape(browser.get(answer.location).text)


@pytest.mark.parametrize(
    ("form", "zone", "expected"),
    [
        ({"until": "1h"}, "Europe/Kyiv", "2026-11-28T19:30Z"),
        ({"until": "30m"}, "UTC", "2026-11-28T19:00Z"),
        ({"until": "tomorrow"}, "Europe/Kyiv", "2026-11-29T06:00Z"),
        ({"until": "tomorrow"}, "America/New_York", "2026-11-29T13:00Z"),
        ({"until": "at", "at": "2026-11-28T21:15"}, "Europe/Kyiv", "2026-11-28T19:15Z"),
        ({"until": "2026-11-28T21:15"}, "Europe/Kyiv", "2026-11-28T19:15Z"),
        ({"until": "2026-11-28T21:15", "zone": "UTC"}, "Europe/Kyiv", "2026-11-28T21:15Z"),
        ({"until": "2026-11-28T21:15:00+01:00"}, "Europe/Kyiv", "2026-11-28T20:15Z"),
        ({"until": "2026-11-28T20:15"}, "Europe/Kyiv", None),  # that was a quarter of an hour ago
        ({"until": "at", "at": ""}, "UTC", None),
        ({"until": "someday"}, "UTC", None),
        ({"until": "9999-12-31T23:59"}, "America/New_York", None),
    ],
)
def test_until_when(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    form: dict[str, str],
    zone: str,
    expected: str | None,
) -> None:
    monkeypatch.setattr(pause_form, "now", lambda: MOMENT)
    with app.test_request_context(headers={"Cookie": f"timezone={zone}"}):
        found = pause_form.until(form)
    assert found == (datetime.fromisoformat(expected) if expected else None)


@ON_BOTH_DATABASES
def test_a_pause_is_said_and_taken_back(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    page = press(admin, own, until="1h")
    assert "CRM is paused until" in re.sub("[\u2068\u2069]", "", page)
    assert "Paused until" in page
    paused = stored(app, own)
    assert paused.state == "paused"
    assert paused.paused_until
    assert abs(paused.paused_until - now() - timedelta(hours=1)) < timedelta(minutes=1)

    page = press(admin, own, until="resume")
    assert "Paused until" not in page
    assert stored(app, own).state == "untested"


def test_a_time_that_is_over_and_a_disabled_webhook_are_answered(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    assert "Choose a time in the future." in press(admin, own, until="2020-01-01T00:00")
    admin.post(f"/webhooks/{own}/disable")
    assert "there is nothing to pause" in press(admin, own, until="1h")
    assert stored(app, own).state == "disabled"


@ON_BOTH_DATABASES
def test_what_came_meanwhile_is_counted_and_recovered_by_one_press(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    press(admin, own, until="1h")
    send(app, 2)
    assert deliveries(app) == []
    assert "2 events came meanwhile." in admin.get(f"/webhooks/{own}").text
    with app.app_context(), transaction():  # its time is over
        over = now() - timedelta(milliseconds=1)
        webhook = Webhook.by_public_id(own)
        assert webhook
        webhook.paused_until = over
        db.session.query(WebhookState).filter(WebhookState.paused_until.is_not(None)).update(
            {WebhookState.paused_until: over}
        )
    page = admin.get(f"/webhooks/{own}").text
    form = re.search(r'<form class="note info".*?</form>', page, re.DOTALL)
    assert form
    assert "2 events came meanwhile." in form[0]
    fields = dict(re.findall(r'name="(since|until)" value="([^"]*)"', form[0]))
    begun = admin.post(f"/webhooks/{own}/recover", data=fields)
    assert begun.status_code == 303
    assert "/recoveries/" in begun.location
    with app.app_context():
        while recovery.step():
            pass
    assert [one.status for one in deliveries(app)] == ["pending"] * 2
    assert "came meanwhile" not in admin.get(f"/webhooks/{own}").text


def test_a_viewer_is_offered_nothing(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    viewer = sign_in(app, "viewer", "viewer")
    assert f"/webhooks/{own}/pause" not in viewer.get(f"/webhooks/{own}").text
    assert viewer.post(f"/webhooks/{own}/pause", data={"until": "1h"}).status_code == 403
