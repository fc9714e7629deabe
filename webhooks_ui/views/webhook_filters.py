"""Trying the filters of the form, as typed, on the newest events."""

from dataclasses import dataclass

from flask import render_template, request
from werkzeug.wrappers import Response

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.forms.filter_fields import check_filters, typed_filters
from webhooks_ui.models import Channel, Webhook, recent_events
from webhooks_ui.text.filters import parsed
from webhooks_ui.views.webhook_form import form_of, render_form
from webhooks_ui.views.webhooks import blueprint
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import is_piece_request, or_404


@dataclass(frozen=True, slots=True)
class Trial:
    """How many of the newest events the filters let through."""

    matched: int
    tried: int


@blueprint.post("/webhooks/filters")
@keeps_typed
@max_body(with_event)
def try_filters() -> Response | str | tuple[str, int]:
    """How many of the newest events that the form subscribes to would have got through."""
    public_id = request.form.get("webhook")
    form = form_of(or_404(Webhook.by_public_id(public_id)) if public_id else None)
    check_filters(form)
    trial = None
    if not (form.errors or is_unsent()):
        # Not `form.settings`: the rest of the form may be anything.
        channel = Channel.by_key(form.channel.data) if form.channel.data else None
        types = ALL_TYPES.keys() & set(form.events.data or ())
        newest = recent_events.of(types, channel.id if channel else None)
        tried = [parsed(data) for data in newest]
        filters = typed_filters(form)
        matched = [data for data in tried if not (filters and filters.unmet(data))]
        trial = Trial(len(matched), len(tried))
    if is_piece_request():
        return render_template("webhooks/_filters_result.html", trial=trial, form=form)
    page = render_form(form, trial=trial)
    return page if trial else (page, 422)
