"""The webhooks: the list, the page of one, and what can be done with it by a button."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.authorization.kinds import kind_of
from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload_formats import format_of
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.types import now
from webhooks_ui.egress.ip_ranges import unwrapped, why_not_public
from webhooks_ui.egress.tls_options import certificates
from webhooks_ui.explanations.network_errors import SHORT
from webhooks_ui.explanations.states import ATTENTION, GROUP_LABELS, GROUPS, LABELS, State
from webhooks_ui.explanations.verdicts import ERROR_LABELS
from webhooks_ui.forms.ping_panel import TestPanel
from webhooks_ui.models import (
    BulkChange,
    Channel,
    Delivery,
    Webhook,
    backlog,
    deleted_webhooks,
    delivery_rows,
    health_counts,
    missed_events,
    webhook_changes,
    webhook_ranks,
)
from webhooks_ui.models.bounded_count import MAX_COUNTED
from webhooks_ui.models.health_counts import HealthCounts
from webhooks_ui.models.webhook_list import WebhookPage, WebhookQuery
from webhooks_ui.views import charts, webhook_silence
from webhooks_ui.web.i18n import written
from webhooks_ui.web.pieces import is_piece_request, list_answer, or_404
from webhooks_ui.web.security import safe_next

blueprint = Blueprint("webhooks", __name__)
HISTORY = 10
SORT_LABELS = {
    "attention": _l("Needs attention first"),
    "name": _l("By name"),
    "-created": _l("Newest first"),
    "created": _l("Oldest first"),
    "-last": _l("Latest result first"),
}


@blueprint.get("/")
def home() -> Response:
    """The list is the home page."""
    return redirect(url_for("webhooks.index"))


@blueprint.get("/webhooks")
def index() -> Response | str:
    """The list, narrowed, ordered and paged as the URL says."""
    query = WebhookQuery.parse(request.args)
    page = query.find()
    channels = Channel.choices()
    context = {
        "page": page,
        "filters": query,
        "channels": channels,
        "event_types": ALL_TYPES,
        "tabs": _tabs(page, query.status),
        "chips": _chips(query, channels),
        "tab_url": lambda code: url_for(".index", **query.arguments(status=code, page=1)),
        "groups": {
            name: (GROUP_LABELS[name], page.in_states(states)) for name, states in GROUPS.items()
        },
        "sorts": SORT_LABELS,
        "nothing_yet": not page.total and not query.active,
        **_of_rows(page.items),
        "within": urlencode(query.arguments(page=1)),
        "page_url": lambda n: url_for(".index", **query.arguments(page=n)),
        "sort_url": lambda key: url_for(".index", **query.arguments(sort=key, page=1)),
    }
    return list_answer("webhooks", url_for(".index", **query.arguments()), context, _around_list)


def _around_list() -> dict[str, Any]:
    """What the page shows besides the list: the figures, and what was done just now."""
    gone, ours = request.args.get("deleted"), request.args.get("done")
    return {
        "deleted": deleted_webhooks.by_public_id(gone) if gone else None,
        "done": BulkChange.change_by_public_id(ours) if ours else None,
        "day": health_counts.day_of_all(now()),
        "backlog": backlog.total(MAX_COUNTED),
        "failing": webhook_ranks.failing(MAX_COUNTED),
        "most": MAX_COUNTED,
    }


@blueprint.post("/webhooks/<id>/enable")
def enable(id: str) -> Response | str:
    """Deliveries are made again."""
    return _switch(or_404(Webhook.by_public_id(id)), enabled=True)


@blueprint.post("/webhooks/<id>/disable")
def disable(id: str) -> Response | str:
    """No deliveries are made."""
    return _switch(or_404(Webhook.by_public_id(id)), enabled=False)


@blueprint.post("/webhooks/<id>/rotate-secret")
def rotate_secret(id: str) -> Response:
    """Makes a new signing secret, shown once on the webhook's page."""
    webhook = or_404(Webhook.by_public_id(id))
    webhook_changes.rotate_signing_secret(webhook, current_vault(), current_user.user)
    reveal_signing_secret(webhook)
    return redirect(url_for(".show", id=id), 303)


def reveal_signing_secret(webhook: Webhook) -> None:
    """Lets this browser's next look at the webhook's page show the signing secret, once."""
    cookie["reveal"] = webhook.public_id


def page_of(
    webhook: Webhook, panel: TestPanel | None = None, result: Delivery | None = None
) -> dict[str, Any]:
    """What the webhook's page and its pieces show; `result` is that of a test."""
    secrets = webhook.signing_secrets(current_vault(), now())
    last = Delivery.last_of([webhook]).get(webhook.id)
    return {
        **_place_in_list(webhook),
        "webhook": webhook,
        "silence": webhook_silence.silence_of(webhook),
        "authorization": kind_of(webhook.auth_type),
        "payload_format": format_of(webhook.payload_format),
        "last": last,
        "channel_kinds": CHANNEL_KINDS,
        "waiting": backlog.by_webhook([webhook.id]),
        **charts.context(webhook, request.args.get("span")),
        "errors": ERROR_LABELS,
        "was_enabled": request.args.get("enabled") == "now" and webhook.enabled,
        "signing_secret": secrets[0] if _is_revealed(webhook) else None,
        "pause": missed_events.last_pause(webhook),
        "secret_until": webhook.previous_secret_until if len(secrets) > 1 else None,
        "panel": panel or TestPanel.fresh(webhook.event_types),
        "result": result,
        "deliveries": delivery_rows.newest_of(webhook.id, HISTORY),
        "event_types": ALL_TYPES,
        "unencrypted": _goes_unencrypted(webhook, last),
        "unverified": current_app.config["ALLOW_INSECURE_TLS"] and webhook.skips_verification,
        "authorities": certificates(webhook.tls_ca or ""),
        "client_certificates": certificates(webhook.tls_certificate or ""),
    }


def _place_in_list(webhook: Webhook) -> dict[str, Any]:
    """The list that the URL says one comes from, and the webhooks before and after this one."""
    query = WebhookQuery.parse(request.args)
    before, after = query.neighbours(webhook.id)
    within = query.arguments(page=1)
    return {
        "within": within,
        "previous_url": before and url_for("webhooks.show", id=before, **within),
        "next_url": after and url_for("webhooks.show", id=after, **within),
    }


def _is_revealed(webhook: Webhook) -> bool:
    if cookie.get("reveal") != webhook.public_id or request.endpoint != "webhooks.show":
        return False
    del cookie["reveal"]
    return True


def _goes_unencrypted(webhook: Webhook, last: Delivery | None) -> bool:
    """Whether events travel to a public host in the clear, as far as one knows its address."""
    if not webhook.url.startswith("http://"):
        return False
    attempt = last.attempt if last else None
    known = attempt.address if attempt else None
    try:
        return why_not_public(unwrapped(known or urlsplit(webhook.url).hostname or "")) is None
    except ValueError:
        return True  # a name that no delivery has resolved yet


def _switch(webhook: Webhook, *, enabled: bool) -> Response | str:
    webhook_changes.set_enabled(webhook, enabled, current_user.user)
    if is_piece_request():
        return row(webhook)
    own = url_for(".show", id=webhook.public_id, enabled="now" if enabled else None)
    return redirect(safe_next(request.form.get("next")) or own, 303)


def row(webhook: Webhook) -> str:
    """The webhook's row of the list."""
    context = _of_rows([webhook]) | {"event_types": ALL_TYPES}
    return render_template("webhooks/_row.html", webhook=webhook, **context)


def _of_rows(webhooks: Sequence[Webhook]) -> dict[str, Any]:
    """What rows of the list show besides their webhooks."""
    webhook_ids, moment = [webhook.id for webhook in webhooks], now()
    health = health_counts.last_day(webhook_ids, moment)
    return {
        "waiting": backlog.by_webhook(webhook_ids),
        "health": health,
        "silences": webhook_silence.silences(one for one in webhooks if one.id not in health),
        "no_hours": HealthCounts().hours,
        "errors": written(ERROR_LABELS),
        "short_errors": written(SHORT),
        "within": "",
    }


def _chips(query: WebhookQuery, channels: Sequence[Any]) -> list[tuple[str, str | LazyString]]:
    """The filters that are set and how each is called; an empty name for one that is not."""
    kind = ALL_TYPES.get(query.event or "")
    named = (one.name for one in channels if one.key == query.channel)
    return [("event", kind.label if kind else ""), ("channel", next(named, query.channel or ""))]


def _tabs(page: WebhookPage, chosen: str) -> list[tuple[str, LazyString, int, bool]]:
    """The tabs above the list: code, label, how many, and whether one at all is an alarm.

    One state of a group has a tab where it is chosen, as by a link to it; what has no webhooks
    has none.
    """
    codes: list[State] = ["working", "paused", "disabled", "untested"]
    codes += [one for one in ATTENTION if one == chosen]
    found: list[tuple[str, LazyString, int, bool]] = [("", _l("All"), page.all, False)]
    found.append(("attention", GROUP_LABELS["attention"], page.in_states(ATTENTION), True))
    found += [(one, LABELS[one], page.counts[one], False) for one in codes]
    return [tab for tab in found if tab[0] in {"", chosen} or tab[2]]
