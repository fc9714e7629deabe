"""The catalogue's page."""

import html
import json
import re

from flask import Flask
from flask.testing import FlaskClient

from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES


def copyable(page: str) -> list[str]:
    """What the copy buttons copy: their own text, or the block that they stand at."""
    texts = re.findall(r'data-copy="([^"]+)"|<pre[^>]*>([^<]*)</pre>', page)
    return [html.unescape(own or block) for own, block in texts]


def test_every_event_with_its_identifier_and_sample(admin: FlaskClient) -> None:
    page = admin.get("/catalogue").text
    texts = copyable(page)
    for event_type in EVENT_TYPES.values():
        assert html.escape(str(event_type.label)) in page
        assert str(event_type.meaning) in html.unescape(page)
        assert event_type.identifier in texts
        assert event_type.sample_text in texts


def test_a_sample_alone_is_for_htmx(admin: FlaskClient) -> None:
    for identifier, event_type in ALL_TYPES.items():
        url = f"/catalogue/sample?event={identifier}"
        answer = admin.get(url, headers={"HX-Request": "true"})
        assert (answer.mimetype, answer.text) == ("text/plain", event_type.sample_text)
        assert admin.get(url).headers["Location"] == f"/catalogue#{identifier}"
    for url in ("/catalogue/sample", "/catalogue/sample?event=nothing"):
        assert admin.get(url, headers={"HX-Request": "true"}).status_code == 404


def test_changed_values_are_those_of_the_samples(admin: FlaskClient) -> None:
    texts = copyable(admin.get("/catalogue").text)
    shown = [json.loads(text) for text in texts if text.startswith('{"changed_attributes"')]
    assert shown == [
        {"changed_attributes": event_type.sample["changed_attributes"]}
        for event_type in EVENT_TYPES.values()
        if event_type.changed_key
    ]
    assert shown[-1] == {
        "changed_attributes": [{"team_id": {"previous_value": 2, "current_value": 3}}]
    }


def test_both_formats_are_those_that_are_sent(admin: FlaskClient) -> None:
    texts = copyable(admin.get("/catalogue").text)
    (envelope,) = [json.loads(text) for text in texts if text.startswith('{\n  "id": "evt_')]
    assert list(envelope) == ["id", "type", "timestamp", "channel", "data"]
    assert envelope["timestamp"] == "2026-01-21T12:53:20.412Z"
    assert json.dumps(envelope["data"], ensure_ascii=False, indent=2) in texts


def test_the_headers_and_the_time_limit_are_told(app: Flask, admin: FlaskClient) -> None:
    page = admin.get("/catalogue").text
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "Content-Type"):
        assert f"<code>{name}</code>" in page
    assert "webhooks-ui/" in page
    assert "within 20 seconds" in page  # the tests' DELIVERY_TIMEOUT


def test_in_ukrainian(admin: FlaskClient) -> None:
    page = admin.get("/catalogue", headers={"Accept-Language": "uk"}).text
    assert '<html lang="uk">' in page
    assert "Призначену команду змінено" in page
