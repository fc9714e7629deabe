"""No secret is trimmed in silence: spaces are kept, or a text is refused."""

import base64
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.conftest import Call, call, errors
from tests.conftest import make_webhook, stored
from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom

__all__ = ["call"]  # a fixture

WEBHOOK = {"url": "https://crm.example/", "events": ["message_created"]}
SPACED = Basic(" user ", "  pass word ")


def authorization(app: Flask, webhook: str) -> Authorization:
    return stored(app, webhook).authorization(app.extensions["vault"])


def test_the_api_keeps_them(app: Flask, call: Call) -> None:
    given = {"type": "basic", "login": " user ", "password": "  pass word "}
    made = call("POST", "/webhooks", WEBHOOK | {"authorization": given}).json

    kept = authorization(app, made["id"])
    assert kept == SPACED
    pair = base64.b64encode(b" user :  pass word ").decode()
    assert kept.headers(0, b"") == (("Authorization", f"Basic {pair}"),)
    changed = {"authorization": given | {"password": "\u00a0next "}}
    call("PATCH", f"/webhooks/{made['id']}", changed)
    assert authorization(app, made["id"]).secret == "\u00a0next "


def test_the_form_keeps_them_and_says_so(app: Flask, admin: FlaskClient) -> None:
    typed = {"auth_type": "basic", "auth_login": "user", "auth_password": "  pass word "}
    webhook = make_webhook(admin, **typed)

    assert authorization(app, webhook).secret == "  pass word "
    page = admin.get(f"/webhooks/{webhook}").text
    assert "Password: a space at the beginning or the end is kept." in page
    assert "Login: a space" not in page


def test_spaces_inside_are_nothing_to_be_told_of(admin: FlaskClient) -> None:
    typed = {"auth_type": "basic", "auth_login": "user", "auth_password": "pass word"}
    assert "a space at" not in admin.get(f"/webhooks/{make_webhook(admin, **typed)}").text


@pytest.mark.parametrize("text", [" ", "  \u00a0 "])
def test_spaces_alone_are_no_secret(call: Call, text: str) -> None:
    for given in (
        {"type": "basic", "login": "user", "password": text},
        {"type": "basic", "login": text, "password": "secret"},
        {"type": "bearer", "token": text},
        {"type": "custom", "header_name": "X-Key", "header_value": text},
    ):
        answer = call("POST", "/webhooks", WEBHOOK | {"authorization": given})
        (pointer,) = errors(answer)
        assert given[pointer.rpartition("/")[2]] == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "bearer", "token": " a b "}, Bearer("a b")),
        ({"type": "custom", "header_name": "X-Key", "header_value": " a "}, Custom("X-Key", "a")),
    ],
)
def test_what_a_header_cannot_carry_is_left_out_as_described(
    app: Flask, call: Call, given: dict[str, Any], expected: Authorization
) -> None:
    """RFC 9110 §5.5: white space around a value is no part of it."""
    made = call("POST", "/webhooks", WEBHOOK | {"authorization": given}).json

    assert authorization(app, made["id"]) == expected
    schemas = call("GET", "/openapi.json").json["components"]["schemas"]
    assert "left out" in schemas[f"{given['type'].capitalize()}Body"]["description"]


def test_a_password_that_is_echoed_without_its_spaces_is_masked() -> None:
    assert all(text == text.strip() for text, _mask in SPACED.echoes())


def test_a_key_with_spaces_is_refused(call: Call) -> None:
    answer = call("POST", "/channels", {"key": " 4 ", "name": "Site"})
    assert "/key" in errors(answer)
    named = {"type": "message_created", "data": {}, "channel": {"key": " 4 ", "name": "Site"}}
    assert "/channel/key" in errors(call("POST", "/events", named))


def test_names_are_trimmed_as_described(call: Call) -> None:
    assert call("POST", "/webhooks", WEBHOOK | {"name": " CRM "}).json["name"] == "CRM"
    assert call("POST", "/channels", {"key": "4", "name": " Site "}).json["name"] == "Site"
    schemas = call("GET", "/openapi.json").json["components"]["schemas"]
    for name in ("NewWebhook", "WebhookChanges", "NewChannel", "ChannelChanges", "ChannelBody"):
        assert "left out" in schemas[name]["properties"]["name"]["description"]
