"""The event types that the platform sends, those of this console's own, and the kinds of channel.

Each sample is a whole event as Chatwoot's receivers know it: flat, with its name under `event`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

_SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event.

    `changed_key` is the attribute whose previous and current value travel in
    `changed_attributes`, None where nothing is carried so. `sample_text` is indented JSON.
    `operational` types are about this console's webhooks, and only the console sends them.
    """

    identifier: str
    label: LazyString
    meaning: LazyString
    changed_key: str | None
    sample_text: str
    operational: bool = False

    @property
    def sample(self) -> dict[str, Any]:
        """The sample's data, a new copy each time."""
        data: dict[str, Any] = json.loads(self.sample_text)
        return data


def _event_type(
    identifier: str,
    label: LazyString,
    meaning: LazyString,
    changed_key: str | None = None,
    *,
    operational: bool = False,
) -> EventType:
    text = (_SAMPLES / f"{identifier}.json").read_text(encoding="utf-8").rstrip()
    return EventType(identifier, label, meaning, changed_key, text, operational)


_ALL = (
    _event_type(
        "conversation_status_changed",
        _l("Conversation status changed"),
        _l("A conversation was opened, resolved, snoozed or set to pending."),
        "status",
    ),
    _event_type(
        "conversation_substatus_changed",
        _l("Conversation substatus changed"),
        _l("An open conversation moved on, for example from the queue to talking with an agent."),
        "substatus",
    ),
    _event_type(
        "message_created",
        _l("Message created"),
        _l("The customer, an agent or a bot wrote a message, or an agent left a private note."),
    ),
    _event_type(
        "message_updated",
        _l("Message updated"),
        _l("A message changed after it was written: its text, attachments or delivery status."),
    ),
    _event_type(
        "assignee_changed",
        _l("Assigned agent changed"),
        _l("A conversation was given to an agent, passed to another one, or left without one."),
        "assignee_id",
    ),
    _event_type(
        "team_changed",
        _l("Assigned team changed"),
        _l("A conversation was given to a team, passed to another one, or left without one."),
        "team_id",
    ),
)

_OPERATIONAL = (
    _event_type(
        "webhook_failing",
        _l("Webhook failing"),
        _l("A webhook has failed for 15 minutes, or an event for it was given up."),
        operational=True,
    ),
    _event_type(
        "webhook_disabled",
        _l("Webhook disabled"),
        _l(
            "A webhook was disabled: its receiver answered 410, or it failed for too long. "
            "Nothing is told when somebody disables it by hand."
        ),
        operational=True,
    ),
    _event_type(
        "webhook_recovered",
        _l("Webhook recovered"),
        _l("A webhook that was said to be failing has delivered an event again."),
        operational=True,
    ),
)

EVENT_TYPES: dict[str, EventType] = {kind.identifier: kind for kind in _ALL}
"""The platform's, by identifier, in the order in which people see them."""

OPERATIONAL_TYPES: dict[str, EventType] = {kind.identifier: kind for kind in _OPERATIONAL}
"""The console's own, about its webhooks; nobody else can send them."""

ALL_TYPES: dict[str, EventType] = EVENT_TYPES | OPERATIONAL_TYPES
"""What a webhook can subscribe to."""

CHANNEL_KINDS: dict[str, LazyString] = {
    "website": _l("Website"),
    "api": _l("API"),
    "email": _l("E-mail"),
    "call": _l("Call"),
    "telegram": _l("Telegram"),
    "viber": _l("Viber"),
    "whatsapp": _l("WhatsApp"),
    "facebook": _l("Facebook"),
    "instagram": _l("Instagram"),
    "sms": _l("SMS"),
    "other": _l("Other"),
}


def sample_json(identifier: str) -> str:
    """The sample of an event type as indented JSON; raises `KeyError` for an unknown one."""
    return ALL_TYPES[identifier].sample_text
