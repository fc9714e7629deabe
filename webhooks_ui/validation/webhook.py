"""What a webhook has to be: said once, for the form and the API."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.extra_headers import problems as header_problems
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.catalogue.payload_formats import FORMATS
from webhooks_ui.egress import target_url
from webhooks_ui.egress.guard import Blocked, Guard
from webhooks_ui.egress.resolver import DnsFailure
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.validation import name as name_rule
from webhooks_ui.validation import template as template_rules
from webhooks_ui.validation.look_ups import LookUps

LOOK_UP_TIMEOUT = 2.0  # seconds; nobody waits longer for a name to resolve
METHODS = ("POST", "PUT", "PATCH")
KIND_UNKNOWN = _l("Choose one of the kinds in the list.")
SECRET_ELSEWHERE = _l(
    "Enter this again: the address is another server's now, and a stored secret is sent only to the"
    " server that it was stored for."
)
MAY_NOT_SKIP = _l(
    "An administrator of the server has to allow this first, by the setting"
    " WEBHOOKS_UI_ALLOW_INSECURE_TLS."
)
PAUSE_IS_OVER = _l("Choose a time in the future.")

_look_ups = LookUps()

Problem = tuple[str, str | LazyString]


def tidied(settings: WebhookSettings) -> WebhookSettings:
    """What was meant by what was typed: without white space, the URL as it is kept.

    A URL that cannot be one stays as it is, for `problems` to speak about.
    """
    return replace(
        settings,
        name=settings.name.strip(),
        url=_tidied_url(settings.url),
        authorization=settings.authorization.tidied(),
        headers=tuple(one.tidied() for one in settings.headers),
        tls=settings.tls.tidied(),
    )


def with_userinfo(url: str, chosen: Authorization) -> tuple[str, Basic] | None:
    """The URL without the login and password in `https://login:password@host/`, and those as Basic.

    None unless that is what the URL is, and nothing else was chosen or typed beside it.
    """
    if chosen not in (NoAuthorization(), Basic("", "")):
        return None
    taken = target_url.take_userinfo(url)
    return (taken[0], Basic(*taken[1:])) if taken else None


def problems(
    settings: WebhookSettings, *, test: bool = False, may_skip_verification: bool = False
) -> Iterator[Problem]:
    """What keeps it from being saved, or for a `test` from being sent; nothing is looked up.

    By the form's fields; the API knows which member each of them is. `may_skip_verification`: the
    setting ALLOW_INSECURE_TLS.
    """
    yield from _url_problems(settings.url)
    yield from settings.authorization.problems().items()
    yield from _own_url_problems(settings.authorization)
    if settings.payload_format not in FORMATS:
        yield "payload_format", _l("Choose one of the formats in the list.")
    is_used = settings.payload_format == "template"
    yield from template_rules.problems(settings.template, settings.events, is_used=is_used)
    yield from (
        ("headers", words) for words in header_problems(settings.headers, settings.authorization)
    )
    if settings.method not in METHODS:
        yield "method", _l("Choose POST, PUT or PATCH.")
    yield from ((f"tls_{name}", words) for name, words in settings.tls.problems())
    if not (settings.tls.verify or may_skip_verification):
        yield "tls_insecure", MAY_NOT_SKIP
    if settings.channel_key and settings.channel is None:
        yield "channel", _l("This channel no longer exists. Choose another one.")
    if not test:
        if settings.name and (wrong := name_rule.problem(settings.name)):
            yield "name", wrong
        yield from _event_problems(settings.events)


def is_elsewhere(url: str, stored_url: str) -> bool:
    """Whether a URL leads to another server than the stored one: by scheme, host or port."""
    try:
        new, old = target_url.parse(url), target_url.parse(stored_url)
    except target_url.TargetError:
        return url != stored_url
    return (new.scheme, new.host, new.port) != (old.scheme, old.host, old.port)


def sends_elsewhere(settings: WebhookSettings, stored: WebhookSettings) -> bool:
    """Whether a secret that is kept would go to another server than that it was stored for."""
    before, after = stored.authorization.own_urls(), settings.authorization.own_urls()
    own = any(is_elsewhere(after.get(name, ""), url) for name, url in before.items())
    return own or is_elsewhere(settings.url, stored.url)


def refusals(guard: Guard, settings: WebhookSettings) -> Iterator[tuple[str, Blocked | DnsFailure]]:
    """Its URLs that the guard lets nothing go to, as far as one knows now, by the form's fields.

    A name is not looked up while too many requests wait for the name server, or this one has
    waited for long; connections are checked in any case.
    """
    auth = settings.authorization
    own = {auth.form_prefix + name: url for name, url in auth.own_urls().items()}
    for name, url in {"url": settings.url, **own}.items():
        if refusal := refused_by(guard, url):
            yield name, refusal


def refused_by(guard: Guard, url: str) -> Blocked | DnsFailure | None:
    """The same of one URL."""
    try:
        target = target_url.parse(url)
    except target_url.TargetError:
        return None  # that it is no address is said by `problems`
    with _look_ups.place(LOOK_UP_TIMEOUT) as seconds:
        return guard.refusal(target, seconds)


def _tidied_url(url: str) -> str:
    try:
        return target_url.parse(url).url
    except target_url.TargetError:
        return url.strip()


def _own_url_problems(auth: Authorization) -> Iterator[Problem]:
    for name, url in auth.own_urls().items():
        if url:
            yield from ((auth.form_prefix + name, words) for _, words in _url_problems(url))


def _url_problems(url: str) -> Iterator[Problem]:
    if not url:
        yield "url", _l("Enter the address that the request goes to.")
        return
    try:
        target_url.parse(url)
    except target_url.TargetError as error:
        yield "url", error.message


def _event_problems(events: Sequence[str]) -> Iterator[Problem]:
    if not events:
        yield "events", _l("Choose at least one event.")
    elif set(events) - set(ALL_TYPES):
        yield "events", _l("Choose among the events in the list.")
