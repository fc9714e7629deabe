"""What is set up, as a document in a stable order: the same set-up gives the same text."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import current_app
from sqlalchemy import select

from webhooks_ui.api.webhook_shapes import NewWebhook, WebhookShape
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models import Channel, Source, Webhook

Tell = Callable[[str], str | None]
"""What stands in the document for a secret; None leaves it out."""


def document(tell: Tell) -> dict[str, Any]:
    """Every channel by its key, every webhook and source by its id."""
    channels = db.session.scalars(select(Channel).order_by(Channel.key))
    webhooks = select(Webhook).where(Webhook.deleted_at.is_(None)).order_by(Webhook.public_id)
    sources = db.session.scalars(select(Source).order_by(Source.public_id))
    return {
        "channels": [{"key": one.key, "name": one.name, "kind": one.kind} for one in channels],
        "webhooks": [_webhook(one, tell) for one in db.session.scalars(webhooks)],
        "sources": [_source(one, tell) for one in sources],
    }


def left_out(_secret: str) -> None:
    """Tells no secret."""


def marked(secret: str) -> str:
    """Tells two secrets apart, to those who know neither."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return f"•••• ({hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:6]})"


def _webhook(webhook: Webhook, tell: Tell) -> dict[str, Any]:
    vault = current_vault()
    shape = WebhookShape.of(webhook, None).model_dump(mode="json")
    settings = webhook.settings(vault)
    kind = settings.authorization
    told = {"id": webhook.public_id} | {name: shape[name] for name in NewWebhook.model_fields}
    told["authorization"] = {"type": kind.type, **kind.public}
    told["tls"] = {name: text for name, text in shape["tls"].items() if name != "key_set"}
    told["headers"] = [{"name": one.name} for one in settings.headers]
    for header, one in zip(told["headers"], settings.headers, strict=True):
        _add(header, "value", one.value, tell)
    _add(told["authorization"], kind.secret_name(), kind.secret, tell)
    _add(told["tls"], "key", settings.tls.key, tell)
    _add(told, "signing_secret", webhook.signing_secrets(vault, now())[0], tell)
    return told


def _source(source: Source, tell: Tell) -> dict[str, Any]:
    told: dict[str, Any] = {"id": source.public_id, "name": source.name, "kind": source.kind}
    told["options"] = asdict(source.chosen)
    _add(told, "secret", source.signing_secret(current_vault()), tell)
    _add(told, "token_hash", source.token_hash, tell)
    return told


def _add(told: dict[str, Any], name: str, secret: str | None, tell: Tell) -> None:
    if secret and (text := tell(secret)):
        told[name] = text
