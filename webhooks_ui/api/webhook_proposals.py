"""From a body to what the form's rules look at, and from their words back to the body."""

from dataclasses import replace

from flask import current_app

from webhooks_ui.api.authorization_shapes import authorization_of, keeping
from webhooks_ui.api.body import invalid
from webhooks_ui.api.webhook_shapes import NewWebhook, WebhookChanges
from webhooks_ui.authorization.kinds import Basic, tidy
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.egress.guard import Blocked
from webhooks_ui.models import Channel, Webhook
from webhooks_ui.models.webhook import WebhookSettings
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.validation.webhook import Proposal
from webhooks_ui.web.problem import Fault

# Where in a body the form's fields stand; the others stand under their own names.
POINTERS = {
    "auth_type": "/authorization/type",
    "auth_token": "/authorization/token",
    "auth_login": "/authorization/login",
    "auth_password": "/authorization/password",
    "auth_header_name": "/authorization/header_name",
    "auth_header_value": "/authorization/header_value",
}


def proposed(body: NewWebhook) -> Proposal:
    """The webhook that a body asks for."""
    return _with_userinfo(
        Proposal(
            name=body.name.strip(),
            url=body.url.strip(),
            auth_type=body.authorization.type,
            authorization=authorization_of(body.authorization),
            events=body.events,
            channel_key=body.channel or "",
            channel=_channel(body.channel),
            payload_format=body.payload_format,
            enabled=body.enabled,
        )
    )


def changed(webhook: Webhook, body: WebhookChanges, vault: Vault) -> Proposal:
    """The webhook as it is stored, with what a body changes."""
    stored = webhook.settings(vault)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    wanted = Proposal(
        name=given.get("name", stored.name).strip(),
        url=given.get("url", stored.url).strip(),
        auth_type=webhook.auth_type,
        authorization=stored.authorization,
        events=given.get("events", stored.event_types),
        channel_key=stored.channel.key if stored.channel else "",
        channel=stored.channel,
        payload_format=given.get("payload_format", stored.payload_format),
        enabled=given.get("enabled", stored.enabled),
    )
    if "channel" in given:
        wanted = replace(wanted, channel_key=body.channel or "", channel=_channel(body.channel))
    if "authorization" in given:
        chosen = keeping(body.authorization, stored.authorization)
        wanted = replace(wanted, auth_type=chosen.type, authorization=authorization_of(chosen))
    return _with_userinfo(wanted)


def settings_of(proposal: Proposal) -> WebhookSettings:
    """What is saved, or a `Problem` with the form's words."""
    faults = [
        Fault(POINTERS.get(field, f"/{field}"), words)
        for field, words in webhook_rules.problems(proposal)
    ]
    refusal = webhook_rules.refused_by(current_app.extensions["guard"], proposal.url)
    if isinstance(refusal, Blocked):
        faults.append(Fault("/url", refusal.message))
    if faults:
        raise invalid(faults)
    return proposal.settings


def _with_userinfo(proposal: Proposal) -> Proposal:
    given = isinstance(proposal.authorization, Basic) and bool(
        proposal.authorization.login or proposal.authorization.password
    )
    taken = webhook_rules.userinfo(proposal.url, proposal.auth_type, given=given)
    if taken is None:
        return proposal
    url, login, password = taken
    basic = tidy(Basic(login, password))
    return replace(proposal, url=url, auth_type="basic", authorization=basic)


def _channel(key: str | None) -> Channel | None:
    """The channel of this key; a text that cannot be one is not looked up."""
    return None if not key or channel_rules.key_problem(key) else Channel.by_key(key)
