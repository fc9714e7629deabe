"""A delivery's page: its attempts, and resend, retry now and cancel."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui.delivery.queue import actions
from webhooks_ui.models import Delivery, form_keys
from webhooks_ui.views import delivery_page, test_results
from webhooks_ui.views.webhooks import page_of
from webhooks_ui.web import payloads
from webhooks_ui.web.pieces import Answer, is_piece_request, or_404

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/deliveries/<id>")
def show(id: str) -> Answer:
    """The delivery; as a piece, what a page polls while the delivery is open, or a test's result
    beside the form that it was sent from.
    """
    delivery = or_404(Delivery.by_public_id(id))
    if not is_piece_request():
        payloads.record_reading("delivery", id, delivery.type)
        return render_template("deliveries/show.html", **delivery_page.context(delivery))
    asker = request.args.get("from")
    if asker == "page":
        if request.args.get("seen") == delivery.progress:
            return "", 204
        payloads.record_reading("delivery", id, delivery.type)
        return render_template("deliveries/_delivery.html", **delivery_page.context(delivery))
    if not delivery.test:
        abort(404)
    test_results.record(delivery)
    context = page_of(delivery.webhook) if asker == "webhook" and delivery.webhook else {}
    return render_template("webhooks/_test_result.html", **context | {"result": delivery})


@blueprint.post("/deliveries/<id>/resend")
def resend(id: str) -> BaseResponse:
    """A new delivery of the same event to the same webhook; a second click makes no other."""
    made = actions.resend(or_404(Delivery.by_public_id(id)), form_key())
    return after_order(made, delivery_page.own_url(id))


@blueprint.post("/deliveries/<id>/retry_now")
def retry_now(id: str) -> BaseResponse:
    """The next attempt is made at once."""
    if actions.retry_now(or_404(Delivery.by_public_id(id))):
        flash(_("Queued."), "info")
    else:
        flash(_("It is no longer waiting: it is being sent or has finished."), "wait")
    return redirect(delivery_page.own_url(id), 303)


@blueprint.post("/deliveries/<id>/cancel")
def cancel(id: str) -> BaseResponse:
    """Nothing more is sent."""
    if actions.cancel(or_404(Delivery.by_public_id(id))):
        flash(_("Delivery cancelled."), "info")
    else:
        flash(_("It could not be cancelled: it is being sent or has finished."), "wait")
    return redirect(delivery_page.own_url(id), 303)


def form_key() -> str:
    """The key of the form, so that two clicks make one delivery."""
    return form_keys.checked(request.form.get("order", ""))


def after_order(made: Delivery | actions.NotSendable, back: str) -> BaseResponse:
    """Redirects to the new delivery, or `back` with the reason why there is none."""
    if isinstance(made, Delivery):
        return redirect(url_for("deliveries.show", id=made.public_id), 303)
    flash(actions.NOT_SENDABLE[made], "bad")
    return redirect(back, 303)
