"""Webhooks: the list, making, changing and deleting one, and a new signing secret."""

from typing import Literal

from flask import url_for
from flask_babel import lazy_gettext as _l
from pydantic import Field
from sqlalchemy import select

from webhooks_ui.api.operation import Headers, Operation, found
from webhooks_ui.api.pages import PageQuery, page
from webhooks_ui.api.webhook_proposals import checked_settings
from webhooks_ui.api.webhook_shapes import (
    NewWebhook,
    WebhookChanges,
    WebhookPage,
    WebhookShape,
    WebhookWithSecret,
)
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.types import now
from webhooks_ui.models import Delivery, Webhook, deleted_webhooks, webhook_changes
from webhooks_ui.models.public_ids import WEBHOOK, new_id
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.web.problem import Problem

TRIES = 3  # at a change that others were quicker with


class WebhooksQuery(PageQuery):
    """Which webhooks, and which page of them."""

    deleted: Literal["true", "false"] = Field(
        default="false",
        description="`true` lists those that were deleted in the last 30 days instead.",
    )


@Operation("GET", "/webhooks", answer=WebhookPage, query=WebhooksQuery)
def index(query: WebhooksQuery) -> tuple[WebhookPage, Headers]:
    """List the webhooks, oldest first."""
    is_gone = query.deleted == "true"
    wanted = deleted_webhooks.can_be_restored() if is_gone else Webhook.deleted_at.is_(None)
    one = page(Webhook, select(Webhook).where(wanted), query)
    last = Delivery.last_of(one.rows)
    shapes = [WebhookShape.of(webhook, last.get(webhook.id)) for webhook in one.rows]
    return WebhookPage(webhooks=shapes, next=one.next), one.headers


@Operation(
    "POST", "/webhooks", status=201, answer=WebhookWithSecret, body=NewWebhook, errors=(409,)
)
def make(body: NewWebhook) -> tuple[WebhookWithSecret, Headers]:
    """Add a webhook.

    The answer alone tells the signing secret. The rules are those of the console's form.
    """
    settings = checked_settings(body, WebhookSettings())
    secret = new_secret()
    webhook = webhook_changes.create(new_id(WEBHOOK), secret, settings, current_vault(), None)
    shape = WebhookWithSecret.of(webhook, None, signing_secret=secret)
    return shape, {"Location": url_for(".webhooks_show", id=webhook.public_id)}


@Operation("GET", "/webhooks/<public_id:id>", answer=WebhookShape)
def show(id: str) -> WebhookShape:
    """Retrieve a webhook."""
    return _shape(found(Webhook.by_public_id(id)))


@Operation(
    "PATCH", "/webhooks/<public_id:id>", answer=WebhookShape, body=WebhookChanges, errors=(409,)
)
def change(id: str, body: WebhookChanges) -> WebhookShape:
    """Update a webhook: fields that are left out keep their values, secrets too.

    With another scheme, host or port in its URL the secret has to be sent again.
    """
    for _ in range(TRIES):
        webhook = found(Webhook.by_public_id(id))
        version = webhook.version
        settings = checked_settings(body, webhook.settings(current_vault()))
        if webhook_changes.change(webhook, version, settings, current_vault(), None):
            return _shape(webhook)
    raise Problem(409, _l("Others change this webhook all the time. Try again in a moment."))


@Operation("DELETE", "/webhooks/<public_id:id>", status=204)
def delete(id: str) -> None:
    """Delete a webhook and cancel what waits for it.

    For 30 days it can be restored.
    """
    webhook_changes.delete(found(Webhook.by_public_id(id)), None)


@Operation("POST", "/webhooks/<public_id:id>/restore", answer=WebhookShape)
def restore(id: str) -> WebhookShape:
    """Restore a webhook that was deleted in the last 30 days, with its secrets.

    What came meanwhile is not sent to it. One that is not deleted stays as it is.
    """
    webhook = found(deleted_webhooks.by_public_id(id) or Webhook.by_public_id(id))
    webhook_changes.restore(webhook, None)
    return _shape(webhook)


@Operation("POST", "/webhooks/<public_id:id>/rotate-secret", answer=WebhookWithSecret)
def rotate_secret(id: str) -> WebhookWithSecret:
    """Rotate the signing secret: shown in this response only; the old one signs too for a day."""
    webhook = found(Webhook.by_public_id(id))
    webhook_changes.rotate_signing_secret(webhook, current_vault(), None)
    secret = webhook.signing_secrets(current_vault(), now())[0]
    last = Delivery.last_of([webhook]).get(webhook.id)
    return WebhookWithSecret.of(webhook, last, signing_secret=secret)


def _shape(webhook: Webhook) -> WebhookShape:
    return WebhookShape.of(webhook, Delivery.last_of([webhook]).get(webhook.id))
