"""What a group of requests stores, and what each of them is answered: rules without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from flask_babel import lazy_gettext as _l

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.intake.event import Accepted, ChannelName, IncomingEvent, Refusal
from webhooks_ui.models.public_ids import EVENT, new_id


class Earlier(NamedTuple):
    """The event that an idempotency key stands for."""

    fingerprint: str
    event_id: str
    deliveries: int


class KnownChannel(NamedTuple):
    """A channel; without a row id it is still to be made."""

    id: int | None
    key: str
    name: str
    kind: str

    @property
    def snapshot(self) -> dict[str, str]:
        """The channel as an event carries it."""
        return {"key": self.key, "name": self.name, "kind": self.kind}


class NewEvent(NamedTuple):
    """An event to be stored, with the channel as it names it."""

    public_id: str
    event: IncomingEvent
    channel: KnownChannel | None


@dataclass(slots=True)
class Plan:
    """Takes one request after the other, each whole or not at all.

    `known` and `channels` are what is stored under the keys that the requests name, `filters` those
    of webhooks that choose by the payload: row id, event type and filters as JSON. `moment` is
    when its events are stored, in milliseconds since 1970: one for all, so that no span of time
    parts a batch. `counts` and `large` are filled by whoever stores the plan: the number of
    deliveries by the public id of each new event, and the row ids of those whose deliveries are
    still to be made (`fan_out`).
    """

    known: dict[str, Earlier]
    channels: dict[str, KnownChannel]
    filters: Sequence[tuple[int, str, str]]
    events: list[NewEvent] = field(default_factory=list)
    keys: dict[str, Earlier] = field(default_factory=dict)
    changed: dict[str, KnownChannel] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    large: dict[str, int] = field(default_factory=dict)
    moment: int = 0

    def add(self, events: Sequence[IncomingEvent]) -> list[Accepted] | Refusal:
        """Plans the events of a request; what is refused leaves nothing behind.

        Deliveries of new events are not counted yet.
        """
        keys, channels = dict[str, Earlier](), dict[str, KnownChannel]()
        found, fresh = list[Accepted](), list[NewEvent]()
        for index, event in enumerate(events):
            given = event.keys
            earlier = next((e for key in given if (e := keys.get(key) or self._known(key))), None)
            if earlier is None:
                new = NewEvent(new_id(EVENT), event, None)
                fresh.append(new)
                found.append(Accepted(new.public_id, 0, duplicate=False))
                if given:
                    mark = Earlier(event.fingerprint, new.public_id, 0)
                    keys |= dict.fromkeys(given, mark)
            elif event.is_known_by_key or earlier.fingerprint == event.fingerprint:
                found.append(Accepted(earlier.event_id, earlier.deliveries, duplicate=True))
            else:
                return _conflict(index)
        for number, new in enumerate(fresh):
            if named := new.event.channel:
                channel = self._channel(named, channels)
                if channel is None:
                    return _unknown_channel(events.index(new.event), named.key)
                fresh[number] = new._replace(channel=channel)
        self.events += fresh
        self.keys |= keys
        self.changed |= channels
        return found

    def answers(self, found: Sequence[Accepted]) -> list[Accepted]:
        """What a request is answered, once `counts` is filled."""
        return [
            Accepted(one.event_id, self.counts.get(one.event_id, one.deliveries), one.duplicate)
            for one in found
        ]

    def _known(self, key: str) -> Earlier | None:
        return self.keys.get(key) or self.known.get(key)

    def _channel(self, named: ChannelName, changed: dict[str, KnownChannel]) -> KnownChannel | None:
        """The channel that an event names, put into `changed` where it is made or renamed."""
        known = (
            changed.get(named.key) or self.changed.get(named.key) or self.channels.get(named.key)
        )
        name = named.name or (None if known else named.new_name)
        if name is None:
            return known
        kind = known.kind if known else "other"
        if named.kind in CHANNEL_KINDS:
            kind = named.kind
        wanted = KnownChannel(known and known.id, named.key, name, kind)
        if wanted != known:
            changed[named.key] = wanted
        return wanted


def _conflict(index: int) -> Refusal:
    words = _l("This id or Idempotency-Key came before with another event. Use another.")
    return Refusal("conflict", index, words)


def _unknown_channel(index: int, key: str) -> Refusal:
    words = _l("No channel has the key “%(key)s”. Add it, or send its name along.", key=key[:100])
    return Refusal("unknown_channel", index, words)
