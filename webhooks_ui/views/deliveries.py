"""A delivery: what was sent, what came back, and what to make of it."""

from flask import Blueprint, abort, render_template, request

from webhooks_ui.catalogue import EVENT_TYPES
from webhooks_ui.models import Delivery
from webhooks_ui.security import is_piece_request
from webhooks_ui.views.webhooks import page_of

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/deliveries/<id>")
def show(id: str) -> str:
    """The delivery; as a piece, what a page that waits for it asks for again and again."""
    delivery = Delivery.by_public_id(id) or abort(404)
    if not is_piece_request():
        return render_template("deliveries/show.html", delivery=delivery, event_types=EVENT_TYPES)
    if request.args.get("from") == "webhook" and delivery.webhook:
        return render_template(
            "webhooks/_test_answer.html", **page_of(delivery.webhook) | {"result": delivery}
        )
    return render_template("webhooks/_test_answer.html", result=delivery)
