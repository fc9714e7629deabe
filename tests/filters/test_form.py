"""Filters in the form: ready ones to tick, conditions to write, and a trial on recent events."""

import json
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import update

from tests.conftest import make_webhook, piece, stored, webhook_form
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent
from webhooks_ui.models import Webhook
from webhooks_ui.text.filters import Condition, Filters, is_path


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
        ("in", '["Kyiv, center", 7]', ["Kyiv, center", 7]),
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
    assert shown_value(admin, webhook) == (typed or "true").replace(",  ", ", ")


def shown_value(admin: FlaskClient, webhook: str) -> str:
    """The value of the first condition as the form says it."""
    page = admin.get(f"/webhooks/{webhook}/edit").text
    before, _name, after = page.partition('name="conditions-0-value"')
    tag = before.rpartition("<input")[2] + after.partition(">")[0]
    return unescape(tag.partition('value="')[2].partition('"')[0])


@pytest.mark.parametrize(
    ("operator", "value", "shown"),
    [
        ("equals", " x ", '" x "'),
        ("equals", "", ""),
        ("equals", "Київ\n", '"Київ\\n"'),
        ("equals", '"7"', '"\\"7\\""'),
        ("equals", "NaN", '"NaN"'),
        ("equals", "a\u2028", '"a\\u2028"'),
        ("in", ["Kyiv, center", "Lviv"], '["Kyiv, center", "Lviv"]'),
        ("in", ["", "a"], '["", "a"]'),
        ("in", [" a", "b"], '" a", b'),
        ("in", ["[1]"], '["[1]"]'),
        ("in", [True, None, 1.5, "7"], 'true, null, 1.5, "7"'),
        ("contains", " x", '" x"'),
        ("contains", '"x"', '"x"'),
        ("contains", '" x"', '"\\" x\\""'),
        ("matches", "\\d+ ", '"\\\\d+ "'),
        ("exists", None, "null"),
    ],
)
def test_what_the_api_stored_is_the_same_after_the_form_is_saved(
    app: Flask, admin: FlaskClient, operator: Any, value: Any, shown: str
) -> None:
    webhook = make_webhook(admin)
    filters = Filters("all", (Condition("a", operator, value),)).as_json
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(filters=filters))
    assert shown_value(admin, webhook) == shown
    form = webhook_form(**conditions(("a", operator, shown)))
    admin.post(f"/webhooks/{webhook}/edit", data=form | {"version": stored(app, webhook).version})
    assert repr(stored(app, webhook).filters) == repr(filters)


@pytest.mark.parametrize(
    ("operator", "typed"),
    [
        ("equals", '"\\ud800"'),
        ("equals", r'"\u0000"'),
        ("equals", "NaN"),
        ("equals", "-Infinity"),
        ("equals", "1e999"),
        ("less", "9" * 400),
        ("in", r'a, "\ud800"'),
        ("in", "[1, NaN]"),
        ("in", "[[1]]"),
        ("contains", r'" \udc00"'),
        ("equals", "[" * 50_000),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_as_it_was_typed(
    app: Flask, admin: FlaskClient, operator: str, typed: str
) -> None:
    webhook = make_webhook(admin)
    form = webhook_form(**conditions(("a", operator, typed)))
    url = f"/webhooks/{webhook}/edit"
    answer = admin.post(url, data=form | {"version": stored(app, webhook).version})
    assert answer.status_code == 422
    assert 'id="conditions-0-value-error"' in answer.text
    assert str(escape(typed)) in answer.text
    assert stored(app, webhook).filters is None
    for page in (url, f"/webhooks/{webhook}"):
        assert admin.get(page).status_code == 200


def test_a_value_that_was_stored_before_it_was_refused_can_be_seen(
    app: Flask, admin: FlaskClient
) -> None:
    webhook = make_webhook(admin)
    filters = Filters("all", (Condition("a", "equals", "\ud800"),)).as_json
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(filters=filters))
    assert r"a equals &#34;\ud800&#34;" in admin.get(f"/webhooks/{webhook}").text
    assert shown_value(admin, webhook) == r'"\ud800"'


def test_what_is_wrong_stands_at_the_condition(admin: FlaskClient) -> None:
    wrong = conditions(("a[?b]", "equals", "1"), ("b", "matches", "("))
    answer = admin.post("/webhooks/new", data=webhook_form(**wrong))
    assert answer.status_code == 422
    assert 'id="conditions-0-path-error"' in answer.text
    assert 'id="conditions-1-value-error"' in answer.text


def test_an_operator_that_there_is_not_is_refused(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        accept.accept([IncomingEvent("message_created", b'{"a": 1}')])
    form = webhook_form(**conditions(("a", "like", "1")))
    for url in ("/webhooks/new", "/webhooks/filters"):
        answer = admin.post(url, data=form)
        assert answer.status_code == 422
        assert "Choose one of the operators." in answer.text


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
    for path in ('"до"', r'"до \udfff"'):
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
