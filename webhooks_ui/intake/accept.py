"""Accepting events: an event and its deliveries are committed in one transaction.

What `accept` returns is committed: every webhook that subscribes to the event will get it.
"""

from collections.abc import Sequence

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.catalogue.event_types import EVENT_TYPES, OPERATIONAL_TYPES
from webhooks_ui.intake.event import Accepted, IncomingEvent, Refusal
from webhooks_ui.intake.group import Group

_EXTENSION = "intake"


def init_app(app: Flask) -> None:
    """Lets what this process takes in at the same moment be stored together."""
    app.extensions[_EXTENSION] = Group()


def accept(
    events: Sequence[IncomingEvent],
    *,
    patient: bool = False,
) -> list[Accepted] | Refusal:
    """Stores the events, and a delivery for each subscribed webhook; all of them or none.

    `patient` is for senders that do not try again: fewer of them are refused for a busy database.
    Raises SQLAlchemy's OperationalError when the database is locked, full or unreachable.
    """
    for index, event in enumerate(events):
        if event.type not in (EVENT_TYPES if event.about is None else OPERATIONAL_TYPES):
            return Refusal("unknown_type", index, _unknown(event.type))
    group: Group = current_app.extensions[_EXTENSION]
    return group.store(events, patient=patient)


def _unknown(type: str) -> LazyString:
    known = ", ".join(EVENT_TYPES)
    if type in OPERATIONAL_TYPES:
        return _l("Only this console sends events of this type. Yours are: %(known)s.", known=known)
    return _l("There is no event type of this name. Known are: %(known)s.", known=known)
