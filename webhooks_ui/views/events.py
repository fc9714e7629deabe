"""The events taken in: the list, and one with what became of it."""

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui import audit
from webhooks_ui.delivery.queue import actions
from webhooks_ui.forms.log_filters import LogQuery, payload_search
from webhooks_ui.forms.span_filters import SPAN_LABELS
from webhooks_ui.models import Channel, Event, Webhook, event_list, event_outcomes, form_keys
from webhooks_ui.models.keyset import KeysetPage, looked_back_to, newest_row
from webhooks_ui.models.pages import number_of
from webhooks_ui.views import fresh as news
from webhooks_ui.views.deliveries import after_order, form_key
from webhooks_ui.web import payloads
from webhooks_ui.web.pieces import list_answer, or_404

blueprint = Blueprint("events", __name__)


@blueprint.get("/events")
def index() -> BaseResponse | str:
    """The list, narrowed and paged as the URL says."""
    query = LogQuery.parse(request.args)
    chosen, newest = query.events(), newest_row(Event)
    rows = chosen.find(before=query.cursor) if chosen else KeysetPage((), None)
    context = {
        "spans_offered": SPAN_LABELS,
        "filters": query,
        "events": event_list.load(rows.ids),
        "found": rows,
        "newest": newest,
        "came": news.came(),
        "search": payload_search(query),
        "looked_back_to": looked_back_to(Event, rows),
        "page_url": lambda before: url_for(".index", **query.arguments(before=before)),
    }
    url = url_for(".index", **query.arguments())
    return list_answer("events", url, context, lambda: {"channels": Channel.choices()})


@blueprint.get("/events/new")
def fresh() -> tuple[str, int]:
    """How many events have come since the page was made; 204 while there are none."""
    return news.answer("events", LogQuery.events)


@blueprint.get("/events/<id>")
def show(id: str) -> str:
    """The event, and for every webhook why it got it or did not."""
    event = or_404(Event.by_public_id(id))
    payloads.record_reading("event", event.public_id, event.type)
    words = request.args.get("q", "").strip()[:200]
    missed = event_outcomes.missed(event, words, number_of(request.args.get("page", "")))
    deliveries = event_outcomes.deliveries(event)
    return render_template(
        "events/show.html",
        event=event,
        data=event.pretty_data if payloads.may_be_read() else None,
        deliveries=deliveries,
        cases={} if event.test else event_outcomes.cases(event, deliveries),
        most=event_outcomes.PAGE,
        missed=missed,
        words=words,
        new_order=form_keys.new_key,
        channel_names={channel.id: channel.name for channel in Channel.choices()},
        page_url=lambda n: url_for(".show", id=id, q=words or None, page=n, _anchor="missed"),
    )


@blueprint.get("/events/<id>/data")
def data(id: str) -> Response:
    """The event's data as a file, byte for byte."""
    event = or_404(Event.by_public_id(id))
    audit.exported("event.downloaded", "event", id)
    file = {"Content-Disposition": f'attachment; filename="{event.public_id}.json"'}
    return Response(event.data, headers=file, mimetype="application/json")


@blueprint.post("/events/<id>/deliver")
def deliver(id: str) -> BaseResponse:
    """Sends the event to a webhook that did not get it."""
    event = or_404(Event.by_public_id(id))
    webhook = or_404(Webhook.by_public_id(request.form.get("webhook", "")))
    made = actions.deliver(event, webhook, form_key())
    return after_order(made, url_for(".show", id=id))
