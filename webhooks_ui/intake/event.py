"""An incoming event, and the answer to it: accepted, or refused with the reason."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask_babel.speaklater import LazyString

RefusalCode = Literal["unknown_type", "unknown_channel", "conflict"]


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel as an event names it; with a name, it is created or renamed.

    `new_name` is what it is called where nobody has made it yet; its kind counts only then, too.
    """

    key: str
    name: str | None = None
    kind: str | None = None
    new_name: str | None = None


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """An event before it is stored. `data` is the exact bytes of a JSON object.

    `about` is set for operational events alone: the row id of the webhook that the event is about,
    which does not get it. Their idempotency keys never collide with those of senders. With
    `is_known_by_key`, a key that came before is the same event, whatever it holds now.
    """

    type: str
    data: bytes
    channel: ChannelName | None = None
    occurred_at: datetime | None = None
    sender_id: str | None = None
    idempotency_key: str | None = None
    about: int | None = None
    traceparent: str | None = None
    is_known_by_key: bool = False

    @property
    def keys(self) -> list[str]:
        """The idempotency keys: the sender's id of the event and the key given beside it."""
        kind = "key" if self.about is None else "own"
        given = (("id", self.sender_id), (kind, self.idempotency_key))
        return [f"{kind}:{text}" for kind, text in given if text]

    @property
    def fingerprint(self) -> str:
        """A digest of the content: equal when the same event is sent again."""
        channel = self.channel and (self.channel.key, self.channel.name, self.channel.kind)
        moment = self.occurred_at and self.occurred_at.isoformat()
        head = json.dumps([self.type, channel, moment]).encode()
        return hashlib.sha256(head + b"\0" + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an accepted event; a repetition differs in `duplicate` alone."""

    event_id: str
    deliveries: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was stored: the fault of the event at `index`."""

    code: RefusalCode
    index: int
    detail: LazyString
