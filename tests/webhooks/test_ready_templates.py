"""Ready templates make what their services document; the documents' snippets make what they say."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call
from tests.conftest import sign_in, webhook_form
from tests.engine.conftest import send
from webhooks_ui.audit.entry import AuditEntry
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload import Template
from webhooks_ui.catalogue.payload_formats import Templated, is_json, sample_content
from webhooks_ui.catalogue.ready_templates import READY_TEMPLATES
from webhooks_ui.database.engine import db

__all__ = ["call"]  # a fixture

ROOT = Path(__file__).parents[2]
HOSTILE = 'A "quote" \\ and\nline <b>&amp; @everyone \u0000\u000b€😀 ' + "я" * 50_000


def made(name: str, data: dict[str, Any], type: str = "message_created") -> str:
    content = sample_content(type, json.dumps(data, ensure_ascii=False).encode())
    return Templated().payload(content, READY_TEMPLATES[name].template).body.decode()


@pytest.mark.parametrize("name", READY_TEMPLATES)
def test_each_makes_a_body_of_each_event(name: str) -> None:
    for identifier, event in ALL_TYPES.items():
        body = made(name, event.data, identifier)
        assert "#None" not in body
        assert body.strip()


def test_messages_fit_and_say_what_was_said() -> None:
    """The limits that `catalogue.ready_templates` names."""
    data = {"id": 1, "content": HOSTILE, "sender": {"name": "Олена <O>"}}
    told = {name: made(name, data) for name in READY_TEMPLATES}
    slack = json.loads(told["slack"])
    assert slack.keys() == {"text"}
    assert slack["text"].startswith('Олена &lt;O&gt;: A "quote" \\ and\nline &lt;b&gt;&amp;amp;')
    assert len(slack["text"]) <= 40_000
    discord = json.loads(told["discord"])
    assert discord["allowed_mentions"] == {"parse": []}
    assert discord["content"].startswith("Олена <O>: A")
    assert len(discord["content"]) <= 2_000
    telegram = json.loads(told["telegram"])
    assert telegram.keys() == {"chat_id", "text"}
    assert 1 <= len(telegram["text"]) <= 4_096
    assert json.loads(told["google_chat"])["text"].startswith("Олена ‹O>: A")
    assert len(told["google_chat"].encode()) < 32_000
    teams = json.loads(told["teams"])
    (card,) = teams["attachments"]
    assert (teams["type"], card["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    assert card["content"]["body"][0]["text"].startswith("Олена <O>: A")
    assert len(told["teams"].encode()) < 28 * 1024
    assert parse_qs(told["form"], strict_parsing=True)["text"] == [HOSTILE]
    root = ElementTree.fromstring(told["xml"])  # noqa: S314 - our own
    without = HOSTILE.replace("\u0000", "").replace("\u000b", "")
    assert (root.findtext("from"), root.findtext("text")) == ("Олена <O>", without)
    assert {
        name for name, one in READY_TEMPLATES.items() if not is_json(one.template.content_type)
    } == {
        "form",
        "xml",
    }


def test_the_largest_message_of_emoji_fits_too() -> None:
    data = {"id": 1, "content": "😀" * 50_000}
    assert len(made("teams", data).encode()) < 28 * 1024
    assert len(made("google_chat", data).encode()) < 32_000


def test_a_message_of_spaces_is_not_empty_for_a_service_that_refuses_it() -> None:
    for content in ("", " \n ", None):
        sent = json.loads(made("telegram", {"id": 7, "content": content}))
        assert sent["text"] == "message_created #7"


@pytest.mark.parametrize("name", ["slack", "discord", "google_chat"])
def test_a_customers_text_calls_nobody(name: str) -> None:
    """`<!channel>` of Slack, `@everyone` of Discord, `<users/all>` of Google Chat."""
    sent = json.loads(made(name, {"content": "<!channel> <users/all> @everyone"}))
    assert "<" not in sent.get("text", "")
    assert sent.get("allowed_mentions", {"parse": []}) == {"parse": []}


def test_a_ready_one_is_put_in_and_shown_at_once(admin: FlaskClient) -> None:
    answer = admin.post("/webhooks/template", data=webhook_form(ready="telegram"))
    assert answer.status_code == 200
    assert "@your_channel" in answer.text
    assert "Добрий день" in answer.text
    assert 'value="template" checked' in answer.text or 'checked id="payload_format' in answer.text
    piece = {"HX-Request": "true"}
    part = admin.post("/webhooks/template", data=webhook_form(ready="xml"), headers=piece).text
    assert "application/xml" in part
    assert "<html" not in part


def test_a_preview_shows_real_events_and_the_audit_log_says_so(
    app: Flask, admin: FlaskClient
) -> None:
    (event, *_) = send(app, data='{"content": "З самого життя"}'.encode())
    typed = webhook_form(template_body="= {{ data.content }}", template_type="text/plain")
    live = admin.post("/webhooks/template", data=typed, headers={"HX-Request": "true"}).text
    assert "= Добрий день" in live
    assert "З самого життя" not in live
    real = admin.post("/webhooks/template", data=typed | {"real": "1"}).text
    assert "= З самого життя" in real
    assert event.event_id in real
    with app.app_context():
        read = [one.object_id for one in db.session.query(AuditEntry) if "read" in one.action]
    assert read == [event.event_id]
    wrong = admin.post("/webhooks/template", data=typed | {"template_body": "{{ 1 / 0 }}"}).text
    assert "it divides by zero (line 1)" in wrong
    viewer = sign_in(app, "guest", role="viewer")
    assert viewer.post("/webhooks/template", data=typed | {"real": "1"}).status_code == 403


@pytest.mark.parametrize("name", ["docs/templates.md", "docs/uk/templates.md"])
def test_the_documents_snippets_do_what_they_say(call: Call, name: str) -> None:
    text = (ROOT / name).read_text()
    pairs = re.findall(r"```jinja\n(.*?)\n```.*?```text\n(.*?)\n```", text, re.DOTALL)
    assert len(pairs) == text.count("```jinja") == 5
    data = ALL_TYPES["message_created"].data
    content = sample_content("message_created", json.dumps(data).encode())
    for source, result in pairs:
        kind = "application/json" if "tojson" in source else "text/plain"
        assert Templated().payload(content, Template(source, kind)).body.decode() == result
    (body,) = re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)
    assert call("POST", "/webhooks", json.loads(body)).status_code == 201
    for service in READY_TEMPLATES.keys() - {"form", "xml"}:
        assert READY_TEMPLATES[service].source in text
