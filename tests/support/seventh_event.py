"""A seventh event type, as who adds one would write it: one entry.

A plugin of pytest (`-p tests.support.seventh_event`), so that it is there before anything is made
from the list. The cases are those of `tests/catalogue/seventh_event_cases.py`.
"""

from webhooks_ui.catalogue import samples
from webhooks_ui.catalogue.event_types import ALL_TYPES, EVENT_TYPES, EventType

SEVENTH = EventType(
    "conversation_priority_changed",
    "Conversation priority changed",
    "A conversation became more or less urgent.",
    samples.conversation_changed("priority", None, "urgent"),
)
ALL_TYPES[SEVENTH.identifier] = EVENT_TYPES[SEVENTH.identifier] = SEVENTH
