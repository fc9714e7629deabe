"""The test panel: which event to send, with which data, and the id that makes it happen once."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import MultiDict

from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES, sample_json
from webhooks_ui.models.public_ids import DELIVERY, is_id, new_id
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
        if problem := _json_problem(panel.data, most_bytes):
            panel.errors["data"] = str(problem)
        return panel

    @property
    def payload(self) -> bytes:
        """The data to send, byte for byte as typed."""
        return (self.data or sample_json(self.event)).encode()

    def again(self) -> Self:
        """The same panel, ready to send another test."""
        return type(self)(self.event, self.data)


def _json_problem(text: str, most_bytes: int) -> LazyString | None:
    """What keeps the text from being an event's data."""
    if not text:
        return None
    try:
        if problem := size_problem(text.encode(), most_bytes):
            return problem
        found = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        return _l("The data is nested too deeply.")
    except json.JSONDecodeError as error:
        return _l(
            "The data is not JSON: look at line %(line)s, column %(column)s.",
            line=error.lineno,
            column=error.colno,
        )
    except ValueError:
        return _l("The data is not JSON: it holds a number or a character that JSON has not.")
    return None if isinstance(found, dict) else _l("The data must be a JSON object: { … }.")


def _refuse_constant(_name: str) -> Any:
    raise ValueError("JSON has no NaN and no Infinity")
