"""Applies what a file asks for, in one transaction or not at all; what it does not name stays."""

import difflib
from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webhooks_ui import audit
from webhooks_ui.api.configuration import yaml_text
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.api.configuration.files import document, marked
from webhooks_ui.api.configuration.planning import ChannelPlan, Plan, SourcePlan, WebhookPlan
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Source, User, Webhook, source_changes, webhook_changes
from webhooks_ui.web.problem import pointer

_CONTEXT = 3  # lines around a difference


def apply(plan: Plan, editor: User | None) -> Sequence[str]:
    """Applies a plan; the lines of the difference. Raises `ImportFaults`, and changes nothing."""
    return _run(plan, editor, is_trial=False)


def difference(plan: Plan) -> Sequence[str]:
    """The lines that `apply` would return now, as of `diff -u`; secrets are marks."""
    return _run(plan, None, is_trial=True)


def _run(plan: Plan, editor: User | None, *, is_trial: bool) -> Sequence[str]:
    with transaction():
        before = yaml_text.dump(document(marked))
        for channel in plan.channels:
            _channel(channel)
        db.session.flush()
        for webhook in plan.webhooks:
            _webhook(webhook, editor)
        for source in plan.sources:
            _source(source)
        db.session.flush()
        db.session.expire_all()
        lines = _difference(before, yaml_text.dump(document(marked)))
        if is_trial:
            db.session.rollback()
        elif lines:
            audit.record("configuration.imported", details={"count": len(lines)})
    return lines


def _difference(before: str, after: str) -> list[str]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT)
    return list(found)[2:]  # without the names of files


def _channel(plan: ChannelPlan) -> None:
    channel = plan.channel
    if channel.id is None:
        db.session.add(channel)
    if (channel.name, channel.kind) != (plan.name, plan.kind):
        channel.name, channel.kind = plan.name, plan.kind


def _webhook(plan: WebhookPlan, editor: User | None) -> None:
    vault, secret = current_vault(), plan.signing_secret
    there = select(Webhook).where(Webhook.public_id == plan.id)
    webhook = db.session.scalar(there.with_for_update(key_share=True, of=Webhook))
    if (webhook.version if webhook else None) != plan.version:
        words = _l("Somebody has changed %(id)s meanwhile. Try again.", id=plan.id)
        raise ImportFaults.at(pointer("webhooks"), words)
    if webhook is None:
        secret = secret or new_secret()
        webhook_changes.add(plan.id, secret, plan.settings, vault, editor)
        return
    stored = webhook.settings(vault)
    # A channel of another session is equal by its key.
    if replace(stored, channel=None) != replace(plan.settings, channel=None):
        webhook_changes.configure(webhook, plan.settings, vault, editor)
    if (
        secret
        and vault.decrypt(webhook.signing_secret, webhook.secret_context("signing")) != secret
    ):
        webhook.sign_with(secret, vault)


def _source(plan: SourcePlan) -> None:
    vault, settings = current_vault(), plan.settings
    source = Source.by_public_id(plan.id)
    if source is None:
        source = Source(public_id=plan.id, kind=plan.kind)
        source.issue_token()  # its URL is made on its page, unless the file has it
        db.session.add(source)
        source_changes.configure(source, settings, vault)
    elif (source.name, source.chosen) != (settings.name, settings.options) or (
        settings.secret and settings.secret != source.signing_secret(vault)
    ):
        source_changes.configure(source, settings, vault)
    if plan.token_hash and plan.token_hash != source.token_hash:
        source.token_hash = plan.token_hash
