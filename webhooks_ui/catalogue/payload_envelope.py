"""Envelope: the data with what is known about the event around it."""

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import Content, Payload, PayloadFormat, Template


class Envelope(PayloadFormat):
    """Id, type, timestamp, channel and data."""

    type = "envelope"
    label = _l("Envelope")
    hint = _l("id, type, time and channel, with the event's data inside")

    def payload(self, content: Content, _template: Template) -> Payload:
        return Payload(content.envelope)
