"""The test panel: which event to send, with which data, and the id that makes it happen once."""

from dataclasses import dataclass, field
from typing import Self

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES
from webhooks_ui.models.public_ids import DELIVERY, is_id, new_id
from webhooks_ui.text import strict_json
from webhooks_ui.validation.event import size_problem


@dataclass(slots=True)
class TestPanel:
    """What was chosen and typed. `once` is the delivery to be: sent twice, it is one test."""

    event: str
    data: str = ""
    once: str = field(default_factory=lambda: new_id(DELIVERY))
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, event_types: list[str] | None = None) -> Self:
        """A panel with the first of the subscribed events chosen."""
        return cls(next(iter(event_types or EVENT_TYPES)))

    @classmethod
    def parse(cls, form: MultiDict[str, str], most_bytes: int) -> Self:
        """From a form; what is wrong stands in `errors`. Empty data is the catalogue's sample.

        `again` names a test that was sent before: its result is looked at once more.
        """
        once = form.get("again") or form.get("once", "")
        panel = cls(form.get("event", ""), form.get("data", "").replace("\r\n", "\n").strip())
        if is_id(once, DELIVERY):
            panel.once = once
        if panel.event not in ALL_TYPES:
            panel.errors["event"] = str(_l("Choose one of the events."))
        if panel.data and (problem := _data_problem(panel.data.encode(), most_bytes)):
            panel.errors["data"] = str(problem)
        return panel

    @property
    def payload(self) -> bytes:
        """The data to send, byte for byte as typed."""
        return (self.data or ALL_TYPES[self.event].sample_text).encode()

    def again(self) -> Self:
        """The same panel, ready to send another test."""
        return type(self)(self.event, self.data)


def _data_problem(data: bytes, most_bytes: int) -> LazyString | None:
    """Why the bytes cannot be an event's data, by the rules of the API; None if they can."""
    if problem := size_problem(data, most_bytes):
        return problem
    try:
        strict_json.check(data)
    except strict_json.JsonError as error:
        return error.message
    return None
