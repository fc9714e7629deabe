"""From a body to a webhook's settings, and from the words of their rules back to the body."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import current_app
from flask_babel.speaklater import LazyString

from webhooks_ui.api.authorization_shapes import authorization_of
from webhooks_ui.api.body import invalid
from webhooks_ui.api.header_shapes import headers_of
from webhooks_ui.api.webhook_shapes import NewWebhook
from webhooks_ui.authorization.kinds import KINDS
from webhooks_ui.catalogue.event_types import canonical
from webhooks_ui.catalogue.payload import NO_TEMPLATE
from webhooks_ui.database.types import now
from webhooks_ui.egress.guard import Blocked
from webhooks_ui.egress.tls_options import DEFAULT_TLS
from webhooks_ui.models import Channel
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import event as event_rules
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.web.problem import Fault

# Where in a body the form's fields stand; the others stand under their own names.
POINTERS = {
    one.form_name: f"/authorization/{one.name}" for kind in KINDS.values() for one in kind.inputs()
} | {
    "template_body": "/template/body",
    "template_type": "/template/content_type",
    "tls_insecure": "/tls/verify",
    "tls_ca": "/tls/ca",
    "tls_certificate": "/tls/certificate",
    "tls_key": "/tls/key",
}


def checked_settings(
    body: NewWebhook,
    stored: WebhookSettings,
    channel_of: Callable[[str], Channel | None] = Channel.by_key,
) -> WebhookSettings:
    """The settings that a body asks for; what it leaves out stays as it is stored.

    Raises a `Problem` with the form's words.
    """
    settings = _settings(body, stored, channel_of)
    is_moved = webhook_rules.is_elsewhere(settings.url, stored.url)
    # What was stored while the setting allowed it is no fault of a change to something else.
    may_skip = current_app.config["ALLOW_INSECURE_TLS"] or "tls" not in body.model_fields_set
    faults = [
        Fault(POINTERS.get(field, f"/{field}"), words)
        for field, words in webhook_rules.problems(settings, may_skip_verification=may_skip)
    ]
    if _sends_stored_secret_elsewhere(body, settings, stored):
        place = f"/authorization/{stored.authorization.secret_name()}"
        faults.append(Fault(place, webhook_rules.SECRET_ELSEWHERE))
    if stored.headers and "headers" not in body.model_fields_set and is_moved:
        faults.append(Fault("/headers", webhook_rules.SECRET_ELSEWHERE))
    faults += body.filters.faults() if body.filters else ()
    if words := _pause_problem(body.paused_until):
        faults.append(Fault("/paused_until", words))
    faults += [
        Fault(POINTERS.get(field, f"/{field}"), refusal.message)
        for field, refusal in webhook_rules.refusals(current_app.extensions["guard"], settings)
        if isinstance(refusal, Blocked)
    ]
    if faults:
        raise invalid(faults)
    return settings


def _settings(
    body: NewWebhook,
    stored: WebhookSettings,
    channel_of: Callable[[str], Channel | None],
) -> WebhookSettings:
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if "authorization" in given:
        given["authorization"] = authorization_of(body.authorization, stored.authorization)
    if "tls" in given:
        given["tls"] = body.tls.options(stored.tls) if body.tls else DEFAULT_TLS
    if "template" in given:
        given["template"] = body.template.template if body.template else NO_TEMPLATE
    if "headers" in given:
        stays = not webhook_rules.is_elsewhere(given.get("url", stored.url), stored.url)
        given["headers"] = headers_of(body.headers, stored.headers, keeps=stays)
    if text := given.get("paused_until"):
        given["paused_until"] = event_rules.moment(text)
    if "events" in given:
        given["events"] = [canonical(each) for each in body.events]
    if "filters" in given:
        given["filters"] = body.filters and body.filters.filters
    if "channel" in given:
        given |= {"channel": _channel(body.channel, channel_of), "channel_key": body.channel or ""}
    settings = replace(stored, **given)
    if taken := webhook_rules.with_userinfo(settings.url, settings.authorization):
        settings = replace(settings, url=taken[0], authorization=taken[1])
    return webhook_rules.tidied(settings)


def _pause_problem(text: str | None) -> LazyString | None:
    if text is None:
        return None
    until = event_rules.moment(text)
    if until is None:
        return event_rules.NO_MOMENT
    return None if until > now() else webhook_rules.PAUSE_IS_OVER


def _sends_stored_secret_elsewhere(
    body: NewWebhook, settings: WebhookSettings, stored: WebhookSettings
) -> bool:
    """Whether the stored secret, which the body does not name, would go to another server."""
    kind = stored.authorization
    same_kind = settings.authorization.type == kind.type
    if not (kind.secret and same_kind and settings.authorization.secret):
        return False
    given = "authorization" in body.model_fields_set and getattr(
        body.authorization, kind.secret_name()
    )
    return not given and webhook_rules.sends_elsewhere(settings, stored)


def _channel(key: str | None, channel_of: Callable[[str], Channel | None]) -> Channel | None:
    """The channel of this key; a text that cannot be one is not looked up."""
    return None if not key or channel_rules.key_problem(key) else channel_of(key)
