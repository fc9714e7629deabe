"""Template: a body that the webhook's owner writes, with the event's values in it."""

import json

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import (
    Content,
    Payload,
    PayloadError,
    PayloadFormat,
    Template,
)
from webhooks_ui.catalogue.template_renderer import render


class Templated(PayloadFormat):
    """A Jinja template, rendered in a process of its own (`catalogue.template_renderer`)."""

    type = "template"
    label = _l("Template")
    hint = _l("a body of your own: for Slack, Telegram, Teams, a form, XML")
    is_folded = True
    keeps_body = True

    def payload(self, content: Content, template: Template) -> Payload:
        """What is said to be JSON has to be JSON: a receiver's words about it would tell less."""
        text = render(template.body, content.head, content.data)
        if is_json(template.content_type):
            _check_json(text)
        return Payload(text.encode(errors="replace"), template.content_type)


def is_json(content_type: str) -> bool:
    """Whether a type is JSON's (RFC 6839 section 3.1)."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except RecursionError:
        raise PayloadError("the result is nested too deeply for JSON") from None
    except ValueError as error:
        raise PayloadError(f"the result is not JSON: {error}") from None
