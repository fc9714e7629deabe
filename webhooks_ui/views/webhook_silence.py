"""Since when webhooks have had no events, as every page says that shows how they are."""

from collections.abc import Iterable

from flask import current_app

from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, webhook_silence
from webhooks_ui.models.webhook_silence import Silence


def silences(webhooks: Iterable[Webhook]) -> dict[int, Silence]:
    """By webhook id, of those that are silent."""
    moment = now()
    return webhook_silence.silences(webhooks, moment, moment - current_app.config["RETENTION"])


def silence_of(webhook: Webhook | None) -> Silence | None:
    """Of one; None where it has had events within a day, or does not work, or there is none."""
    return silences([webhook]).get(webhook.id) if webhook else None
