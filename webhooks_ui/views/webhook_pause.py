"""Pausing a webhook until a time, and resuming it."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.forms import pause as pause_form
from webhooks_ui.models import Webhook, webhook_changes
from webhooks_ui.text.visibility import isolated
from webhooks_ui.views.webhooks import blueprint
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.localised import absolute
from webhooks_ui.web.pieces import or_404
from webhooks_ui.web.security import safe_next


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
