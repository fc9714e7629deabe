"""What the list, a webhook's page and the metrics say of a webhook that is held."""

import html
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call
from tests.conftest import make_webhook
from webhooks_ui.database.engine import transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, webhook_switch

__all__ = ["call"]  # a fixture

AT = now().replace(microsecond=0)  # near, so that it is told by the clock alone
TOLD = f"{AT:%H:%M:%S}"
LIMITED = {
    "en": f"Rate limited until {TOLD}",
    "uk": f"Приймач обмежив до {TOLD}",
}
PROBED = {
    "en": f"No response, next try at {TOLD}",
    "uk": f"Не відповідає, спроба о {TOLD}",
}


def hold(app: Flask, public_id: str, reason: str, until: datetime) -> None:
    with app.app_context(), transaction():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        webhook.hold_reason, webhook.held_until = reason, until
        webhook.failing_since = None if reason == "limited" else until - timedelta(minutes=1)


@pytest.mark.parametrize("language", ["en", "uk"])
@pytest.mark.parametrize(
    ("reason", "words"), [("limited", LIMITED), ("failing", PROBED), ("probing", PROBED)]
)
def test_the_list_and_the_page_say_until_when(
    app: Flask,
    admin: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    words: dict[str, str],
    language: str,
) -> None:
    public_id = make_webhook(admin)
    hold(app, public_id, reason, AT)
    monkeypatch.setattr(webhook_switch, "now", lambda: AT - timedelta(seconds=10))
    for page in ("/webhooks", f"/webhooks/{public_id}"):
        text = admin.get(page, headers={"Accept-Language": language}).text
        assert words[language] in html.unescape(text), page


def test_the_api_says_until_when(app: Flask, admin: FlaskClient, call: Call) -> None:
    path = f"/webhooks/{make_webhook(admin)}"
    until = now().replace(microsecond=0) + timedelta(hours=1)
    hold(app, path.rpartition("/")[2], "limited", until)
    said = call("GET", path).json
    assert datetime.fromisoformat(said["limited_until"]) == until
    assert said["health"]["next_probe_at"] is None
    hold(app, path.rpartition("/")[2], "failing", until)
    said = call("GET", path).json
    assert said["limited_until"] is None
    assert datetime.fromisoformat(said["health"]["next_probe_at"]) == until


def test_a_limit_that_has_passed_is_not_said(app: Flask, admin: FlaskClient) -> None:
    public_id = make_webhook(admin)
    hold(app, public_id, "limited", now() - timedelta(seconds=1))
    for page in ("/webhooks", f"/webhooks/{public_id}"):
        assert "Rate limited" not in admin.get(page).text


def test_the_metrics_count_what_receivers_limit(app: Flask, admin: FlaskClient) -> None:
    name = "webhooks_ui_webhooks_limited"
    assert f"\n{name} 0.0\n" in admin.get("/metrics").text
    for until in (now() + timedelta(hours=1), now() - timedelta(seconds=1)):
        hold(app, make_webhook(admin), "limited", until)
    assert f"\n{name} 1.0\n" in admin.get("/metrics").text
