"""The catalogue: what can happen, what a receiver then gets, and how it knows who sent it."""

import json
from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.models import Event
from webhooks_ui.text.strict_json import pretty
from webhooks_ui.version import __version__

blueprint = Blueprint("catalogue", __name__)


@blueprint.get("/catalogue")
def index() -> str:
    """The event types with their samples, the two formats and the headers."""
    example = _example()
    return render_template(
        "catalogue/index.html",
        event_types=ALL_TYPES,
        changes={name: _changes(name) for name in ALL_TYPES},
        formats={name: pretty(example.content.body(name)) for name in ("envelope", "raw")},
        user_agent=f"webhooks-ui/{__version__}",
        timeout=current_app.config["DELIVERY_TIMEOUT"],
    )


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
