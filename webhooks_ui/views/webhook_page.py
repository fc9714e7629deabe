"""A webhook's page and history; pausing, deleting and restoring it; the list of the deleted."""

from typing import NoReturn

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.database.types import now
from webhooks_ui.forms import pause as pause_form
from webhooks_ui.models import Webhook, audit_list, deleted_webhooks, health_counts, webhook_changes
from webhooks_ui.models.audit_list import AuditFilter
from webhooks_ui.models.health_counts import HealthCounts
from webhooks_ui.models.pages import number_of
from webhooks_ui.text.visibility import isolated
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.views import charts, test_results
from webhooks_ui.views.webhook_silence import silence_of
from webhooks_ui.views.webhooks import blueprint, page_of, row
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.localised import absolute
from webhooks_ui.web.pieces import is_piece_request, or_404
from webhooks_ui.web.security import safe_next


@blueprint.get("/webhooks/<id>")
def show(id: str) -> str:
    """A webhook's page. Its signing secret is shown once after it was made."""
    webhook = existing(id)
    result = test_results.read(request.args.get("test", ""), webhook)
    return render_template("webhooks/show.html", **page_of(webhook, result=result))


@blueprint.get("/webhooks/<id>/hours")
def hours(id: str) -> Response | str:
    """What was sent in each of the last 24 hours, for the list; the webhook's page has a chart."""
    webhook = existing(id)
    if not is_piece_request():
        return redirect(url_for(".show", id=id, _anchor="attempts"))
    moment = now()
    day = health_counts.last_day([webhook.id], moment).get(webhook.id, HealthCounts())
    return render_template("webhooks/_hours.html", hours=day.hours, clock=charts.clock(moment))


@blueprint.get("/webhooks/<id>/history")
def history(id: str) -> str:
    """Its changes as the audit log has them, the newest first; secrets are only told as changed."""
    webhook = existing(id)
    before = whole_number(request.args.get("before", ""))
    found = AuditFilter(about=id, topic="change").find(before=before)
    return render_template(
        "webhooks/history.html",
        webhook=webhook,
        silence=silence_of(webhook),
        entries=audit_list.load(found.ids),
        found=found,
        before=before or "",
        page_url=lambda row: url_for(".history", id=id, before=row or None),
    )


@blueprint.post("/webhooks/<id>/pause")
@keeps_typed
def pause(id: str) -> Response:
    """Nothing is sent until the time that `until` says; ``resume`` ends a pause."""
    webhook = or_404(Webhook.by_public_id(id))
    if is_unsent():
        return redirect(url_for(".show", id=id, at=request.form.get("at")), 303)
    back = safe_next(request.form.get("next")) or url_for(".show", id=id)
    resumes = request.form.get("until", "") in ("", pause_form.RESUME)
    until = None if resumes else pause_form.until(request.form)
    if not resumes and until is None:
        flash(_("Choose a time in the future."), "bad")
        return redirect(back, 303)
    name = isolated(webhook.title)
    if not webhook_changes.pause(webhook, until, current_user.user):
        flash(_("%(name)s is disabled, so there is nothing to pause.", name=name), "wait")
    elif until is None:
        flash(_("%(name)s is resumed.", name=name), "good")
    else:
        flash(_("%(name)s is paused until %(time)s.", name=name, time=absolute(until)), "good")
    return redirect(back, 303)


@blueprint.get("/webhooks/deleted")
def deleted() -> str:
    """The webhooks that can be restored, the last deleted first."""
    return render_template(
        "webhooks/deleted.html",
        page=deleted_webhooks.find(number_of(request.args.get("page", ""))),
        page_url=lambda n: url_for(".deleted", page=n),
        kept=deleted_webhooks.KEPT,
    )


@blueprint.post("/webhooks/<id>/delete")
def delete(id: str) -> Response | str:
    """Deletes, with undo."""
    webhook = or_404(Webhook.by_public_id(id))
    webhook_changes.delete(webhook, current_user.user)
    if is_piece_request():
        return render_template("webhooks/_deleted.html", webhook=webhook)
    return redirect(url_for(".index", deleted=id), 303)


@blueprint.post("/webhooks/<id>/restore")
def restore(id: str) -> Response | str:
    """Takes a deletion back; a second click finds it done."""
    webhook = deleted_webhooks.by_public_id(id) or or_404(Webhook.by_public_id(id))
    webhook_changes.restore(webhook, current_user.user)
    if is_piece_request():
        return row(webhook)
    flash(_("%(name)s is back.", name=isolated(webhook.title)), "good")
    return redirect(url_for(".show", id=id), 303)


def existing(id: str) -> Webhook:
    """The webhook; for one deleted lately the answer is 404 with the button that restores it."""
    return Webhook.by_public_id(id) or _gone(or_404(deleted_webhooks.by_public_id(id)))


def _gone(webhook: Webhook) -> NoReturn:
    abort(make_response(render_template("webhooks/gone.html", webhook=webhook), 404))
