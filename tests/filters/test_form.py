"""Filters in the form: ready ones to tick, conditions to write, and a trial on recent events."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from tests.conftest import make_webhook, piece, stored, webhook_form
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.text.filters import is_path


def conditions(*rows: tuple[str, str, str]) -> dict[str, str]:
    """The fields of these conditions."""
    return {
        f"conditions-{number}-{name}": value
        for number, row in enumerate(rows)
        for name, value in zip(("path", "operator", "value"), row, strict=True)
    }


def saved(app: Flask, admin: FlaskClient, **fields: Any) -> Any:
    return stored(app, make_webhook(admin, **fields)).filters


def test_ready_ones_and_written_ones_are_saved(app: Flask, admin: FlaskClient) -> None:
    written = conditions(("conversation.id", "greater", "7"), ("", "equals", ""))
    found = saved(app, admin, filter_ready=["incoming", "public"], filter_match="all", **written)
    assert found == {
        "match": "all",
        "conditions": [
            {"path": "message_type", "operator": "equals", "value": "incoming"},
            {"path": "private", "operator": "not_equals", "value": True},
            {"path": "conversation.id", "operator": "greater", "value": 7},
        ],
    }


def test_without_any_there_are_none(app: Flask, admin: FlaskClient) -> None:
    assert saved(app, admin) is None


@pytest.mark.parametrize(
    ("operator", "typed", "value"),
    [
        ("equals", "incoming", "incoming"),
        ("equals", "true", True),
        ("equals", "null", None),
        ("equals", '"7"', "7"),
        ("in", "open, 7,  pending", ["open", 7, "pending"]),
        ("exists", "", True),
        ("exists", "false", False),
        ("contains", "7", "7"),
        ("matches", "^[a-z]+$", "^[a-z]+$"),
    ],
)
def test_values_as_they_are_typed(
    app: Flask, admin: FlaskClient, operator: str, typed: str, value: Any
) -> None:
    webhook = make_webhook(admin, **conditions(("a", operator, typed)))
    found = stored(app, webhook).filters
    assert found
    assert found["conditions"] == [{"path": "a", "operator": operator, "value": value}]
    page = admin.get(f"/webhooks/{webhook}/edit").text
    # The page says them so that saving it as it is changes nothing.
    row = page.partition('name="conditions-0-value"')[0].rpartition("<input")[2]
    shown = row + page.partition('name="conditions-0-value"')[2].partition(">")[0]
    form = webhook_form(**conditions(("a", operator, _value(shown))))
    form |= {"version": stored(app, webhook).version}
    admin.post(f"/webhooks/{webhook}/edit", data=form)
    assert stored(app, webhook).filters == found


def _value(tag: str) -> str:
    from html import unescape

    return unescape(tag.partition('value="')[2].partition('"')[0])


def test_what_is_wrong_stands_at_the_condition(admin: FlaskClient) -> None:
    wrong = conditions(("a[?b]", "equals", "1"), ("b", "matches", "("))
    answer = admin.post("/webhooks/new", data=webhook_form(**wrong))
    assert answer.status_code == 422
    assert 'id="conditions-0-path-error"' in answer.text
    assert 'id="conditions-1-value-error"' in answer.text


def test_ready_ones_are_ticked_again(admin: FlaskClient) -> None:
    webhook = make_webhook(admin, filter_ready=["people"])
    page = admin.get(f"/webhooks/{webhook}/edit").text
    assert 'value="people" id="filter_ready-people" checked' in page
    assert 'value="incoming" id="filter_ready-incoming" checked' not in page


def test_the_page_of_a_webhook_names_them(admin: FlaskClient) -> None:
    written = conditions(("conversation.labels", "in", "vip, друзі"))
    page = admin.get(f"/webhooks/{make_webhook(admin, filter_match='any', **written)}").text
    assert "<code>conversation.labels in [&#34;vip&#34;, &#34;друзі&#34;]</code>" in page
    assert "Any condition matches" in page


def test_paths_are_suggested_from_samples_and_events(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        data = rb'{"own": {"field": [{"x": 1}]}, "\u0434\u043e \udfff": 1, "\u0434\u043e": 1}'
        accept.accept([IncomingEvent("message_created", data)])
    page = admin.get("/webhooks/new").text
    for path in ("own.field[].x", "message_type", "changed_attributes[].status.current_value"):
        assert f'<option value="{path}">' in page
    for path in ('"до"', r'"\u0434\u043e \udfff"'):
        assert is_path(path)
        assert f'<option value="{escape(path)}">' in page


def test_a_trial_on_recent_events(app: Flask, admin: FlaskClient) -> None:
    kinds = ["incoming"] * 5 + ["incoming"] * 12 + ["outgoing"] * 38
    sent = [json.dumps({"message_type": kind}).encode() for kind in kinds]
    with app.app_context():
        accept.accept([IncomingEvent("message_created", data) for data in sent])
        accept.accept([IncomingEvent("team_changed", b"{}")])
    form = webhook_form(filter_ready=["incoming"], url="")
    words = "Would have matched 12 of the last 50 events."
    assert words in admin.post("/webhooks/filters", data=form).text
    answer = piece(admin, "POST", "/webhooks/filters", data=form)
    assert words in answer.text
    assert "<html" not in answer.text
    form = webhook_form(events=["conversation_status_changed"])
    assert "No event of these types" in admin.post("/webhooks/filters", data=form).text
    wrong = webhook_form(**conditions(("a[?b]", "equals", "1")))
    assert "Separate names with dots" in piece(admin, "POST", "/webhooks/filters", data=wrong).text
