"""From the text of a file to what it asks for, checked as form and API check it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from webhooks_ui.api.body import MAX_FAULTS
from webhooks_ui.api.channel_shapes import NewChannel
from webhooks_ui.api.configuration import bodies, files
from webhooks_ui.api.configuration.faults import ImportFaults
from webhooks_ui.api.webhook_proposals import checked_settings
from webhooks_ui.api.webhook_shapes import NewWebhook, WebhookChanges
from webhooks_ui.crypto import signing
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.models import Channel, Source, Webhook
from webhooks_ui.models.public_ids import SOURCE, WEBHOOK, is_id, new_id
from webhooks_ui.models.source_changes import SourceSettings
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.sources.kinds import KINDS
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import event as event_rules
from webhooks_ui.validation import source as source_rules
from webhooks_ui.validation import webhook as webhook_rules
from webhooks_ui.web.problem import Fault, Problem, pointer

Entry = dict[str, Any]
MAX_ENTRIES = 5_000
Some = TypeVar("Some")


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """`channel` is one that is there, or a new one, which webhooks of the file may name."""

    name: str
    channel: Channel
    kind: str

    @property
    def id(self) -> str:
        return self.channel.key


@dataclass(frozen=True, slots=True)
class WebhookPlan:
    """`version` is None for a new one, `signing_secret` for the one that is there, or any."""

    id: str
    settings: WebhookSettings
    signing_secret: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """`token_hash` is that of the token in the source's URL, None for the one that is there."""

    id: str
    settings: SourceSettings
    kind: str
    token_hash: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file asks for."""

    channels: Sequence[ChannelPlan]
    webhooks: Sequence[WebhookPlan]
    sources: Sequence[SourcePlan]


def plan(text: str, passphrase: str = "") -> Plan:
    """What the text of a file asks for. Raises `ImportFaults`; nothing is changed."""
    parts, faults = files.read(text, passphrase), list[Fault]()
    channels = list(_each(parts, "channels", _channel, faults))
    new = {one.id: one.channel for one in channels if one.channel.id is None}

    def webhook(entry: Entry, index: int) -> WebhookPlan:
        return _webhook(entry, index, lambda key: new.get(key) or Channel.by_key(key))

    webhooks = list(_each(parts, "webhooks", webhook, faults))
    sources = list(_each(parts, "sources", _source, faults))
    hashes = [one.token_hash for one in sources if one.token_hash]
    for name, found in (
        ("channels", [one.id for one in channels]),
        ("webhooks", [one.id for one in webhooks]),
        ("sources", [*(one.id for one in sources), *hashes]),
    ):
        for twice in sorted(one for one, count in Counter(found).items() if count > 1):
            faults.append(Fault(pointer(name), _l("%(id)s stands here twice.", id=twice)))
    if faults:
        raise ImportFaults(faults)
    return Plan(channels, webhooks, sources)


def _each(
    parts: dict[str, list[Entry]],
    name: str,
    read: Callable[[Entry, int], Some],
    faults: list[Fault],
) -> Iterator[Some]:
    if len(parts[name]) > MAX_ENTRIES:
        faults.append(Fault(pointer(name), _l("List %(most)s at most.", most=MAX_ENTRIES)))
        return
    for index, entry in enumerate(parts[name]):
        if len(faults) >= MAX_FAULTS:
            return
        try:
            yield read(entry, index)
        except ImportFaults as found:
            faults += found.faults
        except Problem as problem:
            at = pointer(name, index)
            faults += [Fault(at + one.pointer, one.detail) for one in problem.faults]


def _channel(entry: Entry, index: int) -> ChannelPlan:
    body = bodies.read(NewChannel, entry, "channels", index)
    name = body.name.strip()
    problems = channel_rules.problems(body.key, name, body.kind)
    if problems:
        raise ImportFaults(
            Fault(pointer("channels", index, field), words) for field, words in problems.items()
        )
    return ChannelPlan(name, Channel.by_key(body.key) or Channel(key=body.key), body.kind)


def _webhook(entry: Entry, index: int, channel_of: Callable[[str], Channel | None]) -> WebhookPlan:
    public_id = _id(entry, WEBHOOK, "webhooks", index)
    stored = db.session.scalar(select(Webhook).where(Webhook.public_id == public_id))
    if stored and stored.deleted_at:
        words = _l("This webhook is deleted here. Restore it, then import again.")
        raise ImportFaults.at(pointer("webhooks", index), words)
    rest = _without_past_pause(entry)
    secret = rest.pop("signing_secret", None)
    if secret is not None and not (isinstance(secret, str) and signing.is_secret(secret)):
        words = _l("A signing secret is whsec_ and base64.")
        raise ImportFaults.at(pointer("webhooks", index, "signing_secret"), words)
    body = bodies.read(WebhookChanges if stored else NewWebhook, rest, "webhooks", index)
    before = stored.settings(current_vault()) if stored else WebhookSettings()
    settings = checked_settings(body, before, channel_of)
    return WebhookPlan(public_id, settings, secret, stored.version if stored else None)


def _without_past_pause(entry: Entry) -> Entry:
    """The entry but for its id; a pause that has ended since the file was written is none."""
    until = entry.get("paused_until")
    moment = event_rules.moment(until) if isinstance(until, str) else None
    rest = {name: value for name, value in entry.items() if name != "id"}
    return rest | {"paused_until": None} if moment and moment <= now() else rest


def _source(entry: Entry, index: int) -> SourcePlan:
    public_id = _id(entry, SOURCE, "sources", index)
    body = bodies.read(bodies.SourceEntry, entry, "sources", index)
    settings = SourceSettings(body.name.strip(), body.secret, body.options.options)
    faults = [
        Fault(pointer("sources", index, *_PLACES.get(field, ("options", field))), words)
        for field, words in source_rules.problems(settings)
    ]
    if body.kind not in KINDS:
        faults.append(Fault(pointer("sources", index, "kind"), webhook_rules.KIND_UNKNOWN))
    other = select(Source.id).where(Source.public_id != public_id)
    if db.session.scalar(other.where(Source.token_hash == body.token_hash)):
        words = _l("Another source has this token. Leave token_hash out.")
        faults.append(Fault(pointer("sources", index, "token_hash"), words))
    if faults:
        raise ImportFaults(faults)
    return SourcePlan(public_id, settings, body.kind, body.token_hash)


_PLACES = {"name": ("name",), "secret": ("secret",)}


def _id(entry: Entry, prefix: str, name: str, index: int) -> str:
    """The id of the entry, or a new one where it has none."""
    found = entry.get("id")
    if found is None:
        return new_id(prefix)
    if not isinstance(found, str) or not is_id(found, prefix):
        words = _l("Write an id as an export has it, or leave it out for a new one.")
        raise ImportFaults.at(pointer(name, index, "id"), words)
    return found
