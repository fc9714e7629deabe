"""Previews of the unsaved form: its template and its filters, on a sample or the newest events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from flask import render_template, request

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload import Content, PayloadError, Template
from webhooks_ui.catalogue.payload_formats import Templated, sample_content
from webhooks_ui.catalogue.ready_templates import READY_TEMPLATES
from webhooks_ui.explanations.template_errors import template_words
from webhooks_ui.forms.filter_fields import check_filters, typed_filters
from webhooks_ui.forms.webhook_fields import typed_template
from webhooks_ui.models import Channel, recent_events
from webhooks_ui.text.filters import parsed
from webhooks_ui.views.webhook_form import posted_form, render_form
from webhooks_ui.views.webhooks import blueprint
from webhooks_ui.web import payloads
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import Answer, is_piece_request

REAL = 3  # events


@dataclass(frozen=True, slots=True)
class Preview:
    """A rendered body, or why there is none; `event` is None for a sample."""

    type: str
    body: str = ""
    problem: str = ""
    event: str | None = None


@blueprint.post("/webhooks/template")
@keeps_typed
@max_body(with_event)
def preview_template() -> Answer:
    """Renders the typed template, or the ready one that `ready` names.

    For editors only. With `real`, the audit log records the payloads as read.
    """
    form = posted_form()
    if ready := READY_TEMPLATES.get(request.form.get("ready", "")):
        form.payload_format.data = "template"
        form.template_body.data = ready.template.body
        form.template_type.data = ready.template.content_type
    previews: list[Preview] = []
    if typed_template(form).body.strip() and not is_unsent():
        chosen = [each for each in form.events.data or () if each in ALL_TYPES]
        previews = list(_previews(typed_template(form), chosen or [next(iter(ALL_TYPES))]))
    if is_piece_request() and not ready:
        return render_template("webhooks/_template_preview.html", previews=previews)
    if is_piece_request():
        return render_template("webhooks/_template_fields.html", form=form, previews=previews)
    page = render_form(form, previews=previews)
    return page if previews else (page, 422)


def _previews(template: Template, types: list[str]) -> Iterator[Preview]:
    data = json.dumps(ALL_TYPES[types[0]].data, ensure_ascii=False).encode()
    yield _preview(template, types[0], sample_content(types[0], data), None)
    if "real" in request.form and payloads.may_be_read():
        for event in recent_events.whole(types, REAL):
            payloads.record_reading("event", event.public_id, event.type)
            yield _preview(template, event.type, event.content, event.public_id)


def _preview(template: Template, type: str, content: Content, event: str | None) -> Preview:
    try:
        made = Templated().payload(content, template)
    except PayloadError as error:
        return Preview(type, problem=str(template_words(error.detail)), event=event)
    return Preview(type, made.body.decode(errors="replace"), event=event)


@dataclass(frozen=True, slots=True)
class Trial:
    """How many of the newest events pass the filters."""

    matched: int
    tried: int


@blueprint.post("/webhooks/filters")
@keeps_typed
@max_body(with_event)
def try_filters() -> Answer:
    """Counts the newest events of the chosen types that would pass the typed filters."""
    form = posted_form()
    check_filters(form)
    trial = None
    if not (form.errors or is_unsent()):
        # Not `form.settings`: the rest of the form may be anything.
        channel = Channel.by_key(form.channel.data) if form.channel.data else None
        types = ALL_TYPES.keys() & set(form.events.data or ())
        newest = recent_events.matching(types, channel.id if channel else None)
        tried = [parsed(data) for data in newest]
        filters = typed_filters(form)
        matched = [data for data in tried if not (filters and filters.unmet(data))]
        trial = Trial(len(matched), len(tried))
    if is_piece_request():
        return render_template("webhooks/_filters_result.html", trial=trial, form=form)
    page = render_form(form, trial=trial)
    return page if trial else (page, 422)
