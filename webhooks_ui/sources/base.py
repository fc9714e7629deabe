"""What a kind of source says of a request: whether it is signed, and what it means to us."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.datastructures import Headers

from webhooks_ui.intake.event import ChannelName
from webhooks_ui.models.source import SourceOptions

Signature = Literal["valid", "wrong", "missing", "unchecked"]
Reason = Literal[
    "not_json",
    "no_event",
    "channel_settings",
    "other_type",
    "other_shape",
    "private_note",
    "said_twice",
    "updates_left_out",
    "nothing_changed",
    "signature",
]
"""Why a request made no event: a stored code."""
REASONS: dict[Reason, LazyString] = {
    "not_json": _l("The body is not a JSON object."),
    "no_event": _l("The body does not name its event."),
    "channel_settings": _l("An inbox's settings hold its passwords, so nothing of it is kept."),
    "other_type": _l("The catalogue has no such event."),
    "other_shape": _l("The body is not that of the event it names."),
    "private_note": _l("A private note. This source leaves them out."),
    "said_twice": _l("The same change comes as conversation_updated, and counts once."),
    "updates_left_out": _l("This source takes the status from conversation_status_changed alone."),
    "nothing_changed": _l("Neither status, assignee nor team changed."),
    "signature": _l("The signature is missing or wrong. Compare the source's secret."),
}


@dataclass(frozen=True, slots=True)
class Derived:
    """An event of ours."""

    type: str
    data: bytes
    channel: ChannelName | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as it is understood: `events`, or the `reason` why there are none.

    `name` is the sender's own name of the event. `kept_body` is what may be shown of the body, with
    credentials taken out; None where it may hold others.
    """

    name: str
    events: tuple[Derived, ...] = ()
    reason: Reason | None = None
    kept_body: bytes | None = None


class Kind(Protocol):
    """A kind of source."""

    identifier: ClassVar[str]
    label: ClassVar[LazyString]
    max_bytes: ClassVar[int]

    def signature(self, secret: str | None, headers: Headers, body: bytes) -> Signature:
        """Whether the request is signed with this secret."""

    def delivery_id(self, headers: Headers) -> str | None:
        """What is the same when the sender sends a request again."""

    def read(self, body: bytes, options: SourceOptions) -> Reading:
        """What the request means."""
