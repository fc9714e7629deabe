"""Changes to a webhook: each is one call and one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select, update

from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import webhook_history
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.user import User
from webhooks_ui.models.webhook import Webhook
from webhooks_ui.models.webhook_settings import WebhookSettings


def create(
    public_id: str,
    signing_secret: str,
    settings: WebhookSettings,
    vault: Vault,
    editor: User | None,
) -> Webhook:
    """A new webhook, which takes over the tests sent from its unsaved form.

    If one with this `public_id` exists, as when a form is sent twice, returns it unchanged.
    """
    with transaction():
        webhook = Webhook.by_public_id(public_id)
        if webhook is None:
            webhook = add(public_id, signing_secret, settings, vault, editor)
            _adopt_tests(webhook)
    return webhook


def add(
    public_id: str,
    signing_secret: str,
    settings: WebhookSettings,
    vault: Vault,
    editor: User | None,
) -> Webhook:
    """A new webhook, within the caller's transaction."""
    webhook = Webhook(public_id=public_id)
    webhook.sign_with(signing_secret, vault)
    webhook.configure(settings, vault, editor)
    db.session.add(webhook)
    return _noted(webhook)


def change(
    webhook: Webhook, version: int, settings: WebhookSettings, vault: Vault, editor: User | None
) -> bool:
    """Applies the settings; False when the webhook is no longer at `version`, or gone."""
    with _locked(webhook):
        if webhook.version != version or webhook.deleted_at:
            return False
        configure(webhook, settings, vault, editor)
    return True


def configure(
    webhook: Webhook, settings: WebhookSettings, vault: Vault, editor: User | None
) -> None:
    """Applies the settings, within the caller's transaction."""
    webhook.configure(settings, vault, editor)
    if not webhook.enabled:
        Delivery.cancel_waiting(webhook.id)
    _noted(webhook)


def set_enabled(webhook: Webhook, enabled: bool, editor: User | None) -> None:
    """Switches deliveries on or off by hand."""
    with _locked(webhook):
        if webhook.enabled == enabled:
            return
        webhook.stamp_editor(editor)
        if enabled:
            webhook.enable()
        else:
            webhook.disable("manual")
            Delivery.cancel_waiting(webhook.id)
        _noted(webhook)


def pause(webhook: Webhook, until: datetime | None, editor: User | None) -> bool:
    """Pauses an enabled webhook until this time, or resumes it; what waits is kept for it.

    False when it is disabled or deleted.
    """
    with _locked(webhook):
        if not webhook.is_active:
            return False
        if webhook.resumes_at != until:
            webhook.pause(until)
            webhook.stamp_editor(editor)
            _noted(webhook)
    return True


def delete(webhook: Webhook, editor: User | None) -> None:
    """Takes the webhook out of use; `restore` brings it back."""
    with _locked(webhook):
        webhook.deleted_at = now()
        webhook.stamp_editor(editor)
        Delivery.cancel_waiting(webhook.id)
        _noted(webhook)


def restore(webhook: Webhook, editor: User | None) -> None:
    """Brings a deleted webhook back as it was; nothing happens when it is back already."""
    with _locked(webhook):
        if webhook.deleted_at is None:
            return
        webhook.deleted_at = None
        webhook.stamp_editor(editor)
        _noted(webhook)


def rotate_signing_secret(webhook: Webhook, vault: Vault, editor: User | None) -> None:
    """Makes a new signing secret; the former one signs too for 24 hours."""
    with _locked(webhook):
        webhook.rotate_signing_secret(vault, now())
        webhook.stamp_editor(editor)


@contextmanager
def _locked(webhook: Webhook) -> Iterator[None]:
    """A transaction in which nobody else changes the webhook, which is read again."""
    own = webhook.id
    with transaction():
        chosen = select(Webhook.id).where(Webhook.id == own)
        # Does not block references to it: events are taken in meanwhile.
        db.session.execute(chosen.with_for_update(key_share=True))
        yield


def _noted(webhook: Webhook) -> Webhook:
    """Adds the webhook's set-up from now on to its history."""
    db.session.flush()
    webhook_history.record([webhook.id], now())
    return webhook


def _adopt_tests(webhook: Webhook) -> None:
    mine = Delivery.draft_id == webhook.public_id
    db.session.execute(update(Delivery).where(mine).values(webhook_id=webhook.id))
    finished = mine & Delivery.status.in_(("succeeded", "failed"))
    newest = select(Delivery.id, Delivery.status == "succeeded").where(finished)
    found = db.session.execute(newest.order_by(Delivery.id.desc()).limit(1)).one_or_none()
    if found:
        webhook.last_delivery_id, webhook.last_succeeded = found
