"""Verify signatures: code for the receiver, and a check of a request that it refused."""

import re

from flask import Blueprint, render_template, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.crypto import signature_check, signing
from webhooks_ui.crypto.signature_check import Finding
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.types import now
from webhooks_ui.explanations import signature_findings
from webhooks_ui.models import Delivery, Webhook
from webhooks_ui.text.visibility import isolated
from webhooks_ui.views.webhook_silence import silence_of
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import is_piece_request, or_404

blueprint = Blueprint("verify", __name__)


SNIPPETS: dict[str, tuple[str | LazyString, str]] = {
    "python": ("Python", "verify.py.txt"),
    "node": ("Node.js", "verify.mjs.txt"),
    "php": ("PHP", "verify.php.txt"),
    "go": ("Go (net/http)", "verify.go.txt"),
    "ruby": ("Ruby", "verify.rb.txt"),
    "shell": (_l("Shell"), "verify.sh.txt"),
}
"""Code that verifies a request: what the language is called, and a file of templates/verify/."""


@blueprint.get("/webhooks/<id>/verify")
def show(id: str) -> str:
    """Snippets, one at a time, and the form for a request."""
    return _page(or_404(Webhook.by_public_id(id)))


@blueprint.post("/webhooks/<id>/verify")
@keeps_typed
@max_body(with_event)
def check(id: str) -> str | tuple[str, int]:
    """What is to be said of a pasted request. It is neither stored nor logged."""
    webhook = or_404(Webhook.by_public_id(id))
    if is_unsent():
        return _page(webhook, request.form.get("request", "")), 422
    pasted, own = request.form.get("request", ""), request.form.get("secret", "").strip()
    parsed = signature_check.parse(pasted)
    sent = Delivery.by_public_id(parsed.header("webhook-id")) if parsed else None
    is_ours = sent is not None and sent.webhook_id == webhook.id
    found = signature_check.check(
        parsed,
        webhook.signing_secrets(current_vault(), now()),
        int(now().timestamp()),
        sent=sent.request_body.encode() if sent and is_ours else None,
        receivers=own,
    )
    other = sent.webhook if sent and not is_ours else None
    return _page(webhook, pasted, found, other)


def _page(
    webhook: Webhook, pasted: str = "", found: Finding | None = None, other: Webhook | None = None
) -> str:
    verdict = (
        signature_findings.verdict(found, isolated(other.title) if other else None)
        if found
        else None
    )
    if is_piece_request():
        return render_template("verify/_result.html", verdict=verdict)
    chosen = request.args.get("in", "")
    language = chosen if chosen in SNIPPETS else "python"
    return render_template(
        "verify/show.html",
        webhook=webhook,
        silence=silence_of(webhook),
        labels={key: label for key, (label, _file) in SNIPPETS.items()},
        language=language,
        code=snippet(webhook, language),
        headers=signing.HEADERS,
        tolerance=signing.TOLERANCE,
        pasted=pasted,
        verdict=verdict,
    )


def snippet(webhook: Webhook, language: str) -> str:
    """The code for this webhook in one of `SNIPPETS`."""
    _label, file = SNIPPETS[language]
    return render_template(
        f"verify/{file}",
        webhook_id=webhook.public_id,
        variable=_variable(webhook.name),
        prefix=signing.PREFIX,
        tolerance=signing.TOLERANCE,
    )


def _variable(name: str) -> str:
    """The environment variable of the secret: ``CRM_WEBHOOK_SECRET``."""
    beginning = re.sub(r"[^0-9A-Z]+", "_", name.upper()).strip("_")[:40] if name.isascii() else ""
    return f"{beginning}_WEBHOOK_SECRET" if beginning[:1].isalpha() else "WEBHOOK_SECRET"
