"""The payload formats, in the order in which people see them, and an event to try one on."""

import json
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import (
    Content,
    Payload,
    PayloadError,
    PayloadFormat,
    Template,
)
from webhooks_ui.catalogue.template_renderer import render


class Envelope(PayloadFormat):
    """Id, type, timestamp, channel and data."""

    type = "envelope"
    label = _l("Envelope")
    hint = _l("id, type, time and channel, with the event's data inside")

    def payload(self, content: Content, _template: Template) -> Payload:
        return Payload(content.envelope)


class Raw(PayloadFormat):
    """The data, byte for byte as it came in."""

    type = "raw"
    label = _l("Raw")
    hint = _l("the event's data as it came, for receivers written for Chatwoot")

    def payload(self, content: Content, _template: Template) -> Payload:
        return Payload(content.data)


class Templated(PayloadFormat):
    """A body that the webhook's owner writes, with the event's values in it.

    A Jinja template, rendered in a process of its own (`catalogue.template_renderer`).
    """

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


FORMATS: dict[str, PayloadFormat] = {one.type: one for one in (Envelope(), Raw(), Templated())}


def format_of(type: str) -> PayloadFormat:
    """The format of this stored type; of one that this version does not know, the envelope."""
    return FORMATS.get(type, FORMATS["envelope"])


@dataclass(frozen=True, slots=True)
class SampleContent:
    """What formats see of an event that never was."""

    head: dict[str, Any]
    data: bytes
    envelope: bytes = b""


def sample_content(type: str, data: bytes) -> SampleContent:
    """An event of this type, in a channel as senders name them."""
    channel = {"key": "telegram-sales", "name": "Telegram sales", "kind": "telegram"}
    head = {
        "id": "evt_sample",
        "type": type,
        "timestamp": "2026-01-21T12:53:20.412Z",
        "channel": channel,
    }
    return SampleContent(head, data)


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
