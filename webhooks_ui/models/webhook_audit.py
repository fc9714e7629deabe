"""What the audit log tells of changes to a webhook."""

from collections.abc import Iterable
from typing import Any

from webhooks_ui.audit import Audited, as_it_is
from webhooks_ui.crypto.vault import VaultError, current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.webhook_settings import PLAIN

_PURPOSES = {"auth_secret": "auth", "tls_key": "tls", "header_values": "headers"}
"""Secrets that are encrypted again with each save, and what they are bound to."""
_TOLD = (
    *PLAIN,
    *("auth_type", "auth_public", "header_names", "template_body", "template_type", "filters"),
    *("tls_verify", "enabled", "disabled_reason", "paused_until", "deleted_at"),
)
_OWN_BOOKKEEPING = (
    *("search_text", "sort_key", "version", "created_at", "updated_at", "updated_by_id"),
    *("last_delivery_id", "last_succeeded", "failing_since", "failing_noticed_at", "disabled_at"),
    *("held_until", "hold_reason", "send_interval_ms", "counted_since", "counted", "refused"),
    *("access_token", "degraded", "unanswered", "previous_signing_secret", "previous_secret_until"),
)


def _channel(row: int) -> str:
    channel = db.session.get(Channel, row)
    return channel.name if channel else f"#{row}"


def _types(subscriptions: Iterable[Any]) -> list[str]:
    return sorted(subscription.type for subscription in subscriptions)


def _is_same(webhook: Any, column: str, before: Any, after: Any) -> bool:
    if column not in _PURPOSES or not before or not after:
        return bool(before == after)
    vault, context = current_vault(), webhook.secret_context(_PURPOSES[column])
    try:
        return vault.decrypt(before, context) == vault.decrypt(after, context)
    except VaultError:  # of a key that is no more
        return False


def _verb(_webhook: Any, changes: dict[str, Any]) -> str | None:
    if "deleted_at" in changes:
        return "deleted" if changes["deleted_at"][1] else "restored"
    if "signing_secret" in changes:
        return "secret_rotated"
    if set(changes) == {"paused_until"}:
        return "paused" if changes["paused_until"][1] else "resumed"
    if set(changes) <= {"enabled", "disabled_reason"}:
        return "enabled" if changes.get("enabled", (0, False))[1] else "disabled"
    return None


AUDITED = Audited(
    "webhook",
    told=dict.fromkeys(_TOLD, as_it_is) | {"subscriptions": _types, "channel_id": _channel},
    silent=frozenset(_OWN_BOOKKEEPING),
    name=lambda webhook: webhook.title,
    is_same=_is_same,
    verb=_verb,
)
