"""The test panel: which event to send, with which data, and the id that makes it happen once."""

from dataclasses import dataclass, field
from typing import Self

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES
from webhooks_ui.forms.base import plain_lines
from webhooks_ui.models import form_keys
from webhooks_ui.models.public_ids import DELIVERY, is_id
from webhooks_ui.validation.event import data_problem


@dataclass(slots=True)
class TestPanel:
    """What was chosen and typed. `once` is the form's key: sent twice, it is one test.

    `sent` is the delivery of a test that was sent before, whose result is asked for.
    """

    event: str
    data: str = ""
    once: str = field(default_factory=form_keys.new_key)
    sent: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, event_types: list[str] | None = None) -> Self:
        """A panel with the first of the subscribed events chosen."""
        return cls(next(iter(event_types or EVENT_TYPES)))

    @classmethod
    def parse(cls, form: MultiDict[str, str], most_bytes: int) -> Self:
        """From a form; what is wrong stands in `errors`. Empty data is the catalogue's sample."""
        panel = cls(form.get("event", ""), plain_lines(form.get("data")).strip())
        panel.once = form_keys.checked(form.get("once", ""))
        again = form.get("again", "")
        panel.sent = again if is_id(again, DELIVERY) else ""
        if panel.event not in ALL_TYPES:
            panel.errors["event"] = str(_l("Choose one of the events."))
        if panel.data and (problem := data_problem(panel.data.encode(), most_bytes)):
            panel.errors["data"] = str(problem)
        return panel

    @property
    def payload(self) -> bytes:
        """The data to send, byte for byte as typed."""
        return (self.data or ALL_TYPES[self.event].sample_text).encode()

    def again(self) -> Self:
        """The same panel, ready to send another test."""
        return type(self)(self.event, self.data)
