"""The event types: those that the platform sends, and those of this console's own.

Each is one entry here; the form, the filters, the API, the test panel and the catalogue follow.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.catalogue import samples


@dataclass(frozen=True)
class EventType:
    """One type of event; `data` is that of a sample, without the type's name.

    `operational` types are about this console's webhooks, and only the console sends them.
    """

    identifier: str
    label: LazyString
    meaning: LazyString
    data: samples.Sample
    operational: bool = False

    @cached_property
    def sample_text(self) -> str:
        """The sample as indented JSON, with the type's name under `event`."""
        return json.dumps({"event": self.identifier} | self.data, ensure_ascii=False, indent=2)

    @property
    def sample(self) -> dict[str, Any]:
        """The sample, a new copy each time."""
        data: dict[str, Any] = json.loads(self.sample_text)
        return data

    @property
    def changed_key(self) -> str | None:
        """The attribute whose values travel in `changed_attributes`, if one does."""
        return next(
            (key for change in self.data.get("changed_attributes", ()) for key in change), None
        )


_ALL = (
    EventType(
        "conversation_status_changed",
        _l("Conversation status changed"),
        _l("A conversation was opened, resolved, snoozed or set to pending."),
        samples.conversation_changed("status", "open", "resolved", substatus=None, waiting_since=0),
    ),
    EventType(
        "conversation_substatus_changed",
        _l("Conversation substatus changed"),
        _l("An open conversation moved on, for example from the queue to talking with an agent."),
        samples.conversation_changed("substatus", "oninbox", "interacting"),
    ),
    EventType(
        "message_created",
        _l("Message created"),
        _l("The customer, an agent or a bot wrote a message, or an agent left a private note."),
        samples.message("Добрий день"),
    ),
    EventType(
        "message_updated",
        _l("Message updated"),
        _l("A message changed after it was written: its text, attachments or delivery status."),
        samples.message("Добрий день! Чи можна змінити адресу доставки?"),
    ),
    EventType(
        "assignee_changed",
        _l("Assignee changed"),
        _l("A conversation was given to an agent, passed to another one, or left without one."),
        samples.conversation_changed("assignee_id", None, 7),
    ),
    EventType(
        "team_changed",
        _l("Team changed"),
        _l("A conversation was given to a team, passed to another one, or left without one."),
        samples.conversation_changed("team_id", 2, 3),
    ),
)

_REFUSED = {
    "code": "connection_refused",
    "status_code": None,
    "message": "The connection was refused.",
}
_OPERATIONAL = (
    EventType(
        "webhook_failing",
        _l("Webhook failing"),
        _l("A webhook has failed for 15 minutes, or an event for it failed permanently."),
        samples.webhook(),
        operational=True,
    ),
    EventType(
        "webhook_disabled",
        _l("Webhook disabled"),
        _l(
            "A webhook was disabled: its receiver answered 410, or it failed for too long. "
            "Nothing is sent when somebody disables it by hand."
        ),
        samples.webhook(reason="failing", error=_REFUSED, waiting=0),
        operational=True,
    ),
    EventType(
        "webhook_recovered",
        _l("Webhook recovered"),
        _l("A failing webhook has delivered an event again."),
        samples.webhook(error=None),
        operational=True,
    ),
)

EVENT_TYPES: dict[str, EventType] = {kind.identifier: kind for kind in _ALL}
"""The platform's, by identifier, in the order in which people see them."""

OPERATIONAL_TYPES: dict[str, EventType] = {kind.identifier: kind for kind in _OPERATIONAL}
"""The console's own, about its webhooks; nobody else can send them."""

ALL_TYPES: dict[str, EventType] = EVENT_TYPES | OPERATIONAL_TYPES
"""What a webhook can subscribe to."""


def canonical(name: str) -> str:
    """An event type by NovaTalks' dotted name, `message.created`; other names are as they were."""
    found = name.replace(".", "_")
    return found if found in ALL_TYPES else name
