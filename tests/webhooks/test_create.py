"""Setting a webhook up through the form."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, stored, webhook_form
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, Webhook

KINDS: list[tuple[dict[str, str], object]] = [
    ({"auth_type": "none", "auth_token": "left over"}, NoAuthorization()),
    ({"auth_type": "bearer", "auth_token": " Bearer abc.def "}, Bearer("abc.def")),
    (
        {"auth_type": "basic", "auth_login": "новий", "auth_password": "секрет: 1"},
        Basic("новий", "секрет: 1"),
    ),
    (
        {"auth_type": "custom", "auth_header_name": "X-Api-Key", "auth_header_value": "k 1"},
        Custom("X-Api-Key", "k 1"),
    ),
]


@pytest.mark.parametrize(("fields", "expected"), KINDS)
def test_each_authorization_is_kept(
    app: Flask, admin: FlaskClient, fields: dict[str, str], expected: object
) -> None:
    webhook = stored(app, make_webhook(admin, **fields))

    assert webhook.authorization(app.extensions["vault"]) == expected


def test_everything_else_is_kept(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), transaction():
        db.session.add(Channel(key="telegram-sales", name="Telegram sales", kind="telegram"))

    events = ["team_changed", "message_created"]
    public_id = make_webhook(
        admin, channel="telegram-sales", events=events, payload_format="raw", enabled=""
    )

    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        assert webhook.event_types == ["message_created", "team_changed"]
        assert webhook.channel
        assert webhook.channel.key == "telegram-sales"
        assert (webhook.payload_format, webhook.enabled) == ("raw", False)
        assert webhook.updated_by
        assert webhook.updated_by.login == "olena"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"url": ""}, "url", "Enter the address"),
    ({"url": "ftp://crm.example/"}, "url", "begin with https:// or http://"),
    ({"url": "https://2130706433/"}, "url", "looks like a number"),
    ({"url": "https://crm.example/" + "a" * 2100}, "url", "2,048"),
    ({"url": "https://inside.example/"}, "url", "WEBHOOKS_UI_ALLOWED_NETWORKS"),
    ({"url": "https://both.example/"}, "url", "WEBHOOKS_UI_ALLOWED_NETWORKS"),
    ({"url": "http://[::1]/"}, "url", "WEBHOOKS_UI_ALLOWED_NETWORKS"),
    ({"events": []}, "events", "Choose at least one event."),
    ({"events": ["deleted_everything"]}, "events", "Choose among the events in the list."),
    ({"auth_type": "digest"}, "auth_type", "Choose one of the kinds in the list."),
    ({"auth_type": "bearer"}, "auth_token", "Enter the token"),
    ({"auth_type": "basic", "auth_login": "a:b", "auth_password": "x"}, "auth_login", "colon"),
    (
        {"auth_type": "custom", "auth_header_name": "Host", "auth_header_value": "x"},
        "auth_header_name",
        "set by HTTP or by this program",
    ),
    ({"channel": "gone"}, "channel", "no longer exists"),
    ({"payload_format": "xml"}, "payload_format", "Choose one of the formats in the list."),
    ({"name": "a" * 201}, "name", "200"),
    ({"name": "a\x01b"}, "name", "control characters"),
]


@pytest.mark.parametrize(("changes", "field", "words"), WRONG)
def test_what_is_wrong_is_said_at_its_field(
    app: Flask, admin: FlaskClient, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = admin.post("/webhooks/new", data=webhook_form(**changes))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'id="errors"' in answer.text
    assert words in answer.text
    with app.app_context():
        assert db.session.query(Webhook).count() == 0


def test_a_form_with_errors_keeps_what_was_typed_but_shows_no_secret(admin: FlaskClient) -> None:
    typed = webhook_form(
        auth_type="basic", auth_login="nova", auth_password="very secret password", events=[]
    )
    answer = admin.post("/webhooks/new", data=typed)

    assert 'value="nova"' in answer.text
    assert "very secret password" not in answer.text
    assert "ends in word" in answer.text


def test_a_secret_typed_before_an_error_needs_not_be_typed_again(
    app: Flask, admin: FlaskClient
) -> None:
    typed = webhook_form(auth_type="bearer", auth_token="a-long-token-here", events=[])
    draft = hidden(admin.post("/webhooks/new", data=typed).text, "draft")

    mended = typed | {"auth_token": "", "events": ["message_created"], "draft": draft}
    webhook = stored(app, make_webhook(admin, **mended))

    assert webhook.authorization(app.extensions["vault"]) == Bearer("a-long-token-here")


def test_a_form_sent_twice_makes_one_webhook(app: Flask, admin: FlaskClient) -> None:
    draft = hidden(admin.get("/webhooks/new").text, "draft")

    first, second = (make_webhook(admin, draft=draft) for _ in range(2))

    assert first == second
    with app.app_context():
        assert db.session.query(Webhook).count() == 1


def test_a_login_in_the_url_moves_into_basic(app: Flask, admin: FlaskClient) -> None:
    webhook = stored(app, make_webhook(admin, url="https://nova:p%40ss@crm.example/hook"))

    assert webhook.url == "https://crm.example/hook"
    assert webhook.authorization(app.extensions["vault"]) == Basic("nova", "p@ss")


def test_an_international_host_name_is_reached_by_its_ascii_form(
    app: Flask, admin: FlaskClient
) -> None:
    webhook = stored(app, make_webhook(admin, url="https://пример.укр/hook"))

    assert webhook.url == "https://xn--e1afmkfd.xn--j1amh/hook"
    assert "пример.укр" in admin.get("/webhooks?q=пример").text


def test_a_name_that_does_not_resolve_is_saved_with_a_warning(admin: FlaskClient) -> None:
    public_id = make_webhook(admin, url="https://not-yet.example/hook")

    assert "not-yet.example" in admin.get(f"/webhooks/{public_id}").text


def test_a_form_with_errors_does_not_say_that_it_is_saved(admin: FlaskClient) -> None:
    form = webhook_form(url="https://not-yet.example/hook", events=[])
    page = admin.post("/webhooks/new", data=form)
    assert page.status_code == 422
    assert "Saved, but" not in page.text
    assert "The host name not-yet.example is not known." in page.text
    fine = admin.post("/webhooks/new", data=form | {"events": "message_created"})
    assert "Saved, but the name not-yet.example" in admin.get(fine.location).text


def test_plain_http_to_a_public_host_warns(admin: FlaskClient) -> None:
    public_id = make_webhook(admin, url="http://crm.example/hook")

    assert "https" in admin.get(f"/webhooks/{public_id}").text
    assert 'id="unencrypted"' in admin.get(f"/webhooks/{public_id}").text


def test_the_signing_secret_is_shown_once(admin: FlaskClient) -> None:
    public_id = make_webhook(admin)

    assert "whsec_" in admin.get(f"/webhooks/{public_id}").text
    assert "whsec_" not in admin.get(f"/webhooks/{public_id}").text


def test_no_secret_stands_in_the_database_file(app: Flask, admin: FlaskClient) -> None:
    token = "token-that-must-not-be-found"
    public_id = make_webhook(admin, auth_type="bearer", auth_token=token)
    secret = admin.get(f"/webhooks/{public_id}").text.partition("whsec_")[2][:40]

    found = b"".join(path.read_bytes() for path in app.config["DATA_DIR"].glob("webhooks.db*"))

    assert len(secret) == 40
    assert token.encode() not in found
    assert secret.encode() not in found


def hidden(page: str, name: str) -> str:
    """The value of a hidden field in a page."""
    tag = page.partition(f'name="{name}"')[2].partition(">")[0]
    return tag.partition('value="')[2].partition('"')[0]


def test_the_four_kinds_of_authorization_stay_first_and_the_others_fold_away(
    admin: FlaskClient,
) -> None:
    page = admin.get("/webhooks/new").text
    shown, _, folded = page.partition('id="more-kinds">')
    assert _kinds(shown) == ["none", "bearer", "basic", "custom"]
    assert _kinds(folded) == ["hmac", "oauth2"]


def _kinds(page: str) -> list[str]:
    radios = re.findall(r'<input [^>]*name="auth_type"[^>]*>', page)
    return [re.findall('value="([^"]*)"', radio)[0] for radio in radios]
