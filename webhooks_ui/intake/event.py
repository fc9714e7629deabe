"""An event as its sender gives it, and what is answered: it was accepted, or refused and why."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel as an event names it; with a name, it is made or renamed."""

    key: str
    name: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event as its sender gives it. `data` are the exact bytes of a JSON object.

    `about` is the row of the webhook that an event of the console's own is about, which does not
    get it itself; with it, operational types are taken and the keys are none of other senders.
    """

    type: str
    data: bytes
    channel: ChannelName | None = None
    occurred_at: datetime | None = None
    sender_id: str | None = None
    idempotency_key: str | None = None
    about: int | None = None

    @property
    def keys(self) -> list[str]:
        """What tells this event from others, by its sender."""
        kind = "key" if self.about is None else "own"
        given = (("id", self.sender_id), (kind, self.idempotency_key))
        return [f"{kind}:{text}" for kind, text in given if text]

    @property
    def fingerprint(self) -> str:
        """Equal for the same event sent again."""
        channel = self.channel and (self.channel.key, self.channel.name, self.channel.kind)
        moment = self.occurred_at and self.occurred_at.isoformat()
        head = json.dumps([self.type, channel, moment]).encode()
        return hashlib.sha256(head + b"\0" + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an event: the same one each time that it is sent."""

    event_id: str
    deliveries: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was stored: what is wrong with the event at `index`."""

    code: Literal["unknown_type", "unknown_channel", "conflict"]
    index: int
    detail: LazyString
