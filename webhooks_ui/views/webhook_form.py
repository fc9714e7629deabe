"""Creating and editing a webhook: one form, one view."""

from itertools import chain, islice
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.forms.ping_panel import TestPanel
from webhooks_ui.forms.sealed_draft import Draft
from webhooks_ui.forms.webhook import WebhookForm
from webhooks_ui.forms.webhook_fields import SECRET_FIELDS
from webhooks_ui.models import Webhook, deleted_webhooks, recent_events, webhook_changes
from webhooks_ui.text.filters import MAX_PATHS, parsed, paths
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.validation.name import MAX_CHARACTERS
from webhooks_ui.views.webhook_page import existing
from webhooks_ui.views.webhook_silence import silence_of
from webhooks_ui.views.webhooks import blueprint, reveal_signing_secret
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import keeps_typed, show_again
from webhooks_ui.web.localised import absolute
from webhooks_ui.web.pieces import Answer, or_404


@blueprint.route("/webhooks/new", methods=["GET", "POST"])
@keeps_typed
@max_body(with_event)
def new() -> Answer:
    """A new webhook; ``?from=`` names one to copy."""
    form = form_of(None)
    if request.method != "POST":
        if original := request.args.get("from"):
            return _copy(form, existing(original))
        form.url.data = request.args.get("url", "")[:2048]
        return render_form(form)
    if not form.check(current_app.extensions["guard"]):
        return render_form(form), 422
    memory = form.memory
    webhook = webhook_changes.create(
        memory.webhook_id, memory.signing_secret, form.settings, current_vault(), current_user.user
    )
    reveal_signing_secret(webhook)
    if webhook.last_delivery_id:
        return _saved(webhook, form, _("Webhook created."))
    return _saved(webhook, form, _("Webhook created. Send a test event to see it work."))


@blueprint.route("/webhooks/<id>/edit", methods=["GET", "POST"])
@keeps_typed
@max_body(with_event)
def edit(id: str) -> Answer:
    """Changes to a webhook; whoever saves over somebody else's change is told first."""
    gone = deleted_webhooks.by_public_id(id) if request.method == "POST" else None
    webhook = gone or existing(id)
    form = form_of(webhook)
    if gone:
        return render_undo(form, gone)
    if request.method != "POST":
        form.fill(webhook)
        return render_form(form)
    if not form.check(current_app.extensions["guard"]):
        return render_form(form), 422
    version = form.version.data
    seen = (whole_number(version) or 0) if version else webhook.version
    if not webhook_changes.change(webhook, seen, form.settings, current_vault(), current_user.user):
        if webhook.deleted_at:
            return render_undo(form, webhook)
        return render_form(form, conflict=_conflict(form, or_404(Webhook.by_public_id(id)))), 422
    return _saved(webhook, form, _("Changes saved."))


def form_of(webhook: Webhook | None) -> WebhookForm:
    """The form of this request, with what was typed before in its draft."""
    return WebhookForm(
        webhook,
        Draft.open(request.form.get("draft", ""), webhook),
        webhook.settings(current_vault()) if webhook else None,
    )


def posted_form() -> WebhookForm:
    """The form of this request, of the webhook that it names or of a new one."""
    public_id = request.form.get("webhook")
    return form_of(or_404(Webhook.by_public_id(public_id)) if public_id else None)


def render_undo(form: WebhookForm, webhook: Webhook) -> Answer:
    """The form of a webhook that was deleted meanwhile, as it was typed, with Undo."""
    show_again()
    form.check(current_app.extensions["guard"])
    if "undo" not in request.form:
        return render_form(form, deleted=webhook), 422
    was_newest = form.version.data == str(webhook.version - 1)  # before it was deleted
    webhook_changes.restore(webhook, current_user.user)
    if was_newest:
        form.version.data = webhook.version
    flash(_("The webhook is restored. What you see below is not saved yet: save it now."), "good")
    return render_form(form), 422


def render_form(form: WebhookForm, panel: TestPanel | None = None, **more: Any) -> str:
    """The form's page."""
    form.draft.data = form.memory.seal()
    if more.get("conflict") or not form.version.data:  # else that which was read by who types
        form.version.data = form.saved.version if form.saved else ""
    form.webhook.data = form.saved.public_id if form.saved else ""
    return render_template(
        "webhooks/form.html",
        form=form,
        webhook=form.saved,
        silence=silence_of(form.saved),
        kept=form.kept,
        warnings=form.warnings,
        panel=panel or _panel(form),
        event_types=ALL_TYPES,
        paths=_paths(),
        **more,
    )


def _copy(form: WebhookForm, original: Webhook) -> str:
    """The form with what the original has, but its secrets."""
    form.fill(original)
    form.name.data = _("Copy of %(name)s", name=original.title)[:MAX_CHARACTERS]
    missing = [SECRET_FIELDS[original.auth_type]] if original.auth_secret else []
    missing += ["tls_key"] if original.tls_key else []
    labels = [str(form[name].label.text) for name in missing]
    return render_form(form, original=original, missing=[*labels, *original.header_names])


def _paths() -> list[str]:
    """What filters could look at, by the samples and by events that came lately."""
    recent = [parsed(data) for data in recent_events.some()]
    known = [kind.data for kind in EVENT_TYPES.values()]
    return [*islice(dict.fromkeys(chain.from_iterable(map(paths, [*recent, *known]))), MAX_PATHS)]


def _panel(form: WebhookForm) -> TestPanel:
    """The test panel beside the form, with what was typed there."""
    if "event" not in request.form:
        return TestPanel.fresh(form.events.data)
    return TestPanel.parse(request.form, current_app.config["MAX_EVENT_SIZE"]).again()


def _saved(webhook: Webhook, form: WebhookForm, message: str) -> Response:
    flash(message, "good")
    for warning in form.warnings:
        flash(warning, "wait")
    if failure := form.unresolved:
        in_vain = _("Saved, but the name %(host)s cannot be resolved now.", host=failure.host)
        late = _("Saved, but %(host)s could not be looked up in time.", host=failure.host)
        flash(late if failure.detail == "timeout" else in_vain, "wait")
    return redirect(url_for("webhooks.show", id=webhook.public_id), 303)


def _conflict(form: WebhookForm, webhook: Webhook) -> dict[str, Any]:
    form.saved = webhook
    return {
        "who": webhook.updated_by.login if webhook.updated_by else _("Somebody"),
        "when": absolute(webhook.updated_at),
        "fields": form.differences,
    }
