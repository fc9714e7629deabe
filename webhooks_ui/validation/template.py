"""What a template has to be: it is tried on the samples of the events that the webhook gets."""

import json
import re
from collections.abc import Iterator, Sequence

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload import PayloadError, Template
from webhooks_ui.catalogue.payload_formats import Templated, sample_content
from webhooks_ui.explanations.template_errors import template_words

MAX_TEMPLATE = 65_536  # characters
_CONTENT_TYPE = re.compile(
    r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;\s*[\w-]+=(?:[\w.:-]+|\"[\x20\x21\x23-\x7e]+\"))*", re.ASCII
)

Problem = tuple[str, LazyString]


def problems(template: Template, events: Sequence[str], *, is_used: bool) -> Iterator[Problem]:
    """What keeps it from being stored or, where it is used, from being used for these events.

    By the form's fields.
    """
    kind, is_needed = template.content_type, is_used or template.body
    if len(kind) > 200 or (is_needed and not _CONTENT_TYPE.fullmatch(kind)):
        yield "template_type", _l("Enter a content type, for example application/json.")
        return
    if not is_needed:
        return
    if not template.body.strip():
        yield "template_body", _l("Write the template, or begin with a ready one.")
    elif len(template.body) > MAX_TEMPLATE:
        yield "template_body", _l("This is longer than 65,536 characters. Make it shorter.")
    elif is_used and (found := _failure(template, [each for each in events if each in ALL_TYPES])):
        yield "template_body", found


def _failure(template: Template, events: Sequence[str]) -> LazyString | None:
    for event in events or [next(iter(ALL_TYPES))]:
        data = json.dumps(ALL_TYPES[event].data, ensure_ascii=False).encode()
        try:
            Templated().payload(sample_content(event, data), template)
        except PayloadError as error:
            return _l(
                "It makes no body of the sample of %(event)s: %(detail)s.",
                event=event,
                detail=template_words(error.detail),
            )
    return None
