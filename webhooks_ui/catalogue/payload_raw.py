"""Raw: the data alone."""

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.payload import Content, Payload, PayloadFormat, Template


class Raw(PayloadFormat):
    """The data, byte for byte as it came in."""

    type = "raw"
    label = _l("Raw")
    hint = _l("the event's data as it came, for receivers written for Chatwoot")

    def payload(self, content: Content, _template: Template) -> Payload:
        return Payload(content.data)
