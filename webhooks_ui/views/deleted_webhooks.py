"""Deleting a webhook and taking that back: at once, from the list of the deleted, from a form."""

from typing import NoReturn

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.models import Webhook, deleted_webhooks, webhook_changes
from webhooks_ui.models.pages import number_of
from webhooks_ui.text.visibility import isolated
from webhooks_ui.views import test_results
from webhooks_ui.views.webhooks import blueprint, page_of, row
from webhooks_ui.web.pieces import is_piece_request, or_404


@blueprint.get("/webhooks/deleted")
def deleted() -> str:
    """The webhooks that can be restored, the last deleted first."""
    return render_template(
        "webhooks/deleted.html",
        page=deleted_webhooks.find(number_of(request.args.get("page", ""))),
        page_url=lambda n: url_for(".deleted", page=n),
        kept=deleted_webhooks.KEPT,
    )


@blueprint.get("/webhooks/<id>")
def show(id: str) -> str:
    """A webhook's page. Its signing secret is shown once after it was made."""
    webhook = existing(id)
    result = test_results.read(request.args.get("test", ""), webhook)
    return render_template("webhooks/show.html", **page_of(webhook, result=result))


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
