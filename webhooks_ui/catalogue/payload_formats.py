"""The payload formats: the one list, in the order in which people see them."""

from webhooks_ui.catalogue.payload import PayloadFormat
from webhooks_ui.catalogue.payload_envelope import Envelope
from webhooks_ui.catalogue.payload_raw import Raw
from webhooks_ui.catalogue.payload_template import Templated

FORMATS: dict[str, PayloadFormat] = {one.type: one for one in (Envelope(), Raw(), Templated())}


def format_of(type: str) -> PayloadFormat:
    """The format of this stored type; of one that this version does not know, the envelope."""
    return FORMATS.get(type, FORMATS["envelope"])
