"""What a webhook has to be: said once, for the form and the API.

Problems go by the form's field names; the API knows which member each of them is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization import kinds as authorization
from webhooks_ui.authorization.kinds import Authorization
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.egress import target_url
from webhooks_ui.egress.guard import Blocked, DnsFailure, Guard
from webhooks_ui.models import Channel
from webhooks_ui.models.webhook import WebhookSettings
from webhooks_ui.models.webhook_display import AUTH_LABELS

LOOK_UP_TIMEOUT = 2.0  # seconds; nobody waits longer for a name to resolve
MAX_NAME_CHARACTERS = 200
FORMATS = ("envelope", "raw")
KIND_UNKNOWN = _l("Choose one of the four kinds.")

Problem = tuple[str, str | LazyString]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A webhook as its owner wants it, unchecked.

    `channel_key` is empty for all channels; `channel` is the one of this key, if there is one.
    """

    name: str
    url: str
    auth_type: str
    authorization: Authorization
    events: Sequence[str]
    channel_key: str
    channel: Channel | None
    payload_format: str
    enabled: bool

    @property
    def settings(self) -> WebhookSettings:
        """What is saved; only after `problems` found none."""
        return WebhookSettings(
            name=self.name,
            url=target_url.parse(self.url).url,
            authorization=self.authorization,
            event_types=tuple(event for event in ALL_TYPES if event in self.events),
            channel=self.channel,
            payload_format=self.payload_format,
            enabled=self.enabled,
        )


def userinfo(url: str, auth_type: str, *, given: bool) -> tuple[str, str, str] | None:
    """URL, login and password of `https://login:password@host/`, which become Basic.

    None unless that is what the URL is, and nothing else was chosen; `given` says whether a login
    or a password stands beside it.
    """
    if auth_type not in ("none", "basic") or (auth_type == "basic" and given):
        return None
    return target_url.take_userinfo(url)


def problems(proposal: Proposal, *, test: bool = False) -> Iterator[Problem]:
    """What keeps it from being saved, or for a `test` from being sent; nothing is looked up."""
    yield from _url_problems(proposal.url)
    yield from authorization.problems(proposal.authorization).items()
    if proposal.auth_type not in AUTH_LABELS:
        yield "auth_type", KIND_UNKNOWN
    if proposal.payload_format not in FORMATS:
        yield "payload_format", _l("Choose one of the two formats.")
    if proposal.channel_key and proposal.channel is None:
        yield "channel", _l("This channel no longer exists. Choose another one.")
    if not test:
        yield from _name_problems(proposal.name)
        yield from _event_problems(proposal.events)


def refused_by(guard: Guard, url: str) -> Blocked | DnsFailure | None:
    """Whether the guard lets nothing go to the address, as far as one knows now."""
    try:
        return guard.refusal(target_url.parse(url), LOOK_UP_TIMEOUT)
    except target_url.TargetError:
        return None  # that it is no address is said by `problems`


def _url_problems(url: str) -> Iterator[Problem]:
    if not url:
        yield "url", _l("Enter the address that the request goes to.")
        return
    try:
        target_url.parse(url)
    except target_url.TargetError as error:
        yield "url", error.message


def _name_problems(name: str) -> Iterator[Problem]:
    if len(name) > MAX_NAME_CHARACTERS:
        yield (
            "name",
            _l("Shorten the name to %(most)s characters.", most=MAX_NAME_CHARACTERS),
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        yield "name", _l("Remove line breaks and control characters from the name.")


def _event_problems(events: Sequence[str]) -> Iterator[Problem]:
    if not events:
        yield "events", _l("Choose at least one event.")
    elif set(events) - set(ALL_TYPES):
        yield "events", _l("Choose among the events in the list.")
