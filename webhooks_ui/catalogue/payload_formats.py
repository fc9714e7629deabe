"""The payload formats, in the order in which people see them, and an event to try one on."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import Content, Payload, PayloadFormat, Template
from webhooks_ui.catalogue.payload_template import Templated


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
