"""The catalogue: event types, payload formats, headers and how to verify a signature."""

import json
from datetime import UTC, datetime

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload import NO_TEMPLATE
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.models import Event
from webhooks_ui.text.pretty_json import pretty
from webhooks_ui.version import __version__
from webhooks_ui.web.pieces import is_piece_request

blueprint = Blueprint("catalogue", __name__)


@blueprint.get("/catalogue")
def index() -> str:
    """The event types with their samples, the built-in payload formats and the headers."""
    example = _example()
    return render_template(
        "catalogue/index.html",
        event_types=ALL_TYPES,
        changes={name: _changes(name) for name in ALL_TYPES},
        formats={
            name: pretty(form.payload(example.content, NO_TEMPLATE).body)
            for name, form in FORMATS.items()
            if not form.is_folded
        },
        user_agent=f"webhooks-ui/{__version__}",
        timeout=current_app.config["DELIVERY_TIMEOUT"],
    )


@blueprint.get("/catalogue/sample")
def sample() -> Response:
    """The sample of one `event`: its text for the test panel, else its place on the page."""
    event_type = ALL_TYPES.get(request.args.get("event", "")) or abort(404)
    if is_piece_request():
        return Response(event_type.sample_text, mimetype="text/plain")
    return redirect(url_for(".index", _anchor=event_type.identifier), 303)


def _example() -> Event:
    """A short event that is stored nowhere."""
    return Event(
        public_id="evt_01KFG7GQ6V4S6Z0M8Q9T3W5XYB",
        type="message_created",
        channel={"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"},
        data='{"event": "message_created", "id": 9001, "content": "Добрий день"}'.encode(),
        occurred_at=datetime(2026, 1, 21, 12, 53, 20, 412_000, UTC),
    )


def _changes(identifier: str) -> str | None:
    """How a sample carries the changed values, as JSON; None where it carries none."""
    event_type = ALL_TYPES[identifier]
    if event_type.changed_key is None:
        return None
    return json.dumps({"changed_attributes": event_type.sample["changed_attributes"]})
