"""The events taken in: the list, and one with what became of it."""

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for

from webhooks_ui.catalogue import EVENT_TYPES
from webhooks_ui.forms.log_query import SPAN_LABELS, LogQuery
from webhooks_ui.models import Channel, Event, event_list
from webhooks_ui.models.walk import Found
from webhooks_ui.security import is_piece_request

blueprint = Blueprint("events", __name__)


@blueprint.get("/events")
def index() -> Response | str:
    """The list, narrowed and paged as the URL says."""
    query = LogQuery.parse(request.args)
    chosen = query.events()
    found = chosen.find(before=query.cursor) if chosen else Found((), None)
    looked_back = event_list.load([found.next])[0] if found.is_short and found.next else None
    words = {
        "filters": query,
        "events": event_list.load(found.ids),
        "found": found,
        "looked_back_to": looked_back.created_at if looked_back else None,
        "event_types": EVENT_TYPES,
        "page_url": lambda before: url_for(".index", **query.arguments(before=before)),
    }
    if not is_piece_request():
        return render_template(
            "events/list.html", channels=Channel.everyone(), spans_offered=SPAN_LABELS, **words
        )
    answer = current_app.make_response(render_template("events/_list.html", **words))
    header = "HX-Replace-Url" if request.htmx.trigger_name == "q" else "HX-Push-Url"  # type: ignore[attr-defined]
    answer.headers[header] = url_for(".index", **query.arguments())
    return answer


@blueprint.get("/events/<id>")
def show(id: str) -> str:
    """The event, and for every webhook why it got it or did not."""
    event = Event.by_public_id(id) or abort(404)
    return render_template("events/show.html", event=event, event_types=EVENT_TYPES)
