"""A copy of a webhook: the form with all of it but its secrets, and saving it."""

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_webhook, stored, webhook_form

TOKEN = "tok-original-secret-7f3a"


def test_a_copy_has_everything_but_the_secrets(app: Flask, admin: FlaskClient) -> None:
    settings = {
        "url": "https://crm.example/hook",
        "events": ["message_created", "team_changed"],
        "auth_type": "bearer",
        "payload_format": "raw",
    }
    header = {"headers-0-name": "X-Team", "headers-0-value": "value-of-a-header"}
    own = make_webhook(admin, name="CRM", auth_token=TOKEN, **settings, **header)
    assert f"/webhooks/new?from={own}" in admin.get(f"/webhooks/{own}").text
    page = admin.get(f"/webhooks/new?from={own}").text
    assert 'value="Copy of CRM"' in page
    assert "Secrets are not copied. Enter again: Token, X-Team." in page
    assert TOKEN not in page
    assert "value-of-a-header" not in page
    assert TOKEN[-4:] not in page
    ticked = re.findall(r'name="events" value="(\w+)"[^>]* checked', page)
    assert ticked == settings["events"]

    refused = admin.post("/webhooks/new", data=webhook_form(name="Copy of CRM", **settings))
    assert refused.status_code == 422  # the original's token is not used
    copied = make_webhook(admin, name="Copy of CRM", auth_token="another-token-here-1", **settings)
    first, second = stored(app, own), stored(app, copied)
    assert (second.url, second.event_types, second.payload_format) == (
        *(first.url, first.event_types, first.payload_format),
    )
    assert second.signing_secret != first.signing_secret


def test_a_name_that_is_long_already_stays_within_its_limit(admin: FlaskClient) -> None:
    own = make_webhook(admin, name="n" * 200)
    page = admin.get(f"/webhooks/new?from={own}").text
    shown = re.search(r'name="name"[^>]* value="([^"]*)"', page)
    assert shown
    assert len(shown[1]) == 200


def test_nobody_copies_what_is_not_there(admin: FlaskClient) -> None:
    assert admin.get("/webhooks/new?from=wh_none").status_code == 404


def test_the_list_offers_it_in_each_row(admin: FlaskClient) -> None:
    own = make_webhook(admin, name="CRM")
    offer = admin.get("/webhooks").text.partition(f'href="/webhooks/new?from={own}"')[2]
    assert re.match(r"><svg.*?</svg>Duplicate<", offer)
