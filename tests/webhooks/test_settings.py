"""A setting of a webhook that is no more than a value is carried by its name alone."""

from dataclasses import fields

import pytest
from flask import Flask

from webhooks_ui.api.webhook_shapes import NewWebhook, WebhookChanges, WebhookShape
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.explanations import audit_words
from webhooks_ui.forms.webhook import WebhookForm
from webhooks_ui.models import Webhook
from webhooks_ui.models.webhook_settings import PLAIN, WebhookSettings

DECIDED = {field.name for field in fields(WebhookSettings)} - {"channel_key"}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_setting_is_a_column_a_field_and_a_member(name: str) -> None:
    assert name in DECIDED
    assert name in Webhook.__table__.columns
    assert hasattr(WebhookForm, name)
    assert name in WebhookChanges.model_fields
    assert name in audit_words.FIELDS


def test_the_api_takes_and_tells_every_setting() -> None:
    assert NewWebhook.model_fields.keys() == DECIDED
    assert WebhookShape.model_fields.keys() >= DECIDED


def test_what_is_configured_is_what_the_settings_say(app: Flask) -> None:
    given = WebhookSettings(
        name="CRM",
        url="https://crm.example/hook",
        events=["message_created"],
        payload_format="raw",
        method="PUT",
    )
    with app.app_context():
        webhook = Webhook(public_id="wh_1", signing_secret="-")
        webhook.configure(given, current_vault(), None)

        assert webhook.settings(current_vault()) == given
