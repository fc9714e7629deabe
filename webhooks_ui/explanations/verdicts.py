"""The result of a delivery in words: a verdict, what it means, and what to try.

Codes are stored; they become text in the reader's language when they are shown.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.explanations import http_statuses, network_errors
from webhooks_ui.explanations.network_errors import Words
from webhooks_ui.explanations.proxy_errors import PROXY_ERRORS
from webhooks_ui.explanations.template_errors import template_words
from webhooks_ui.explanations.tls_errors import TLS_ERRORS
from webhooks_ui.text.url_parts import bare_host

STATUS_LABELS: dict[str, LazyString] = {
    "pending": _l("Waiting"),
    "delivering": _l("On its way"),
    "succeeded": _l("Delivered"),
    "failed": _l("Failed"),
    "cancelled": _l("Cancelled"),
}
ERROR_LABELS: dict[str, LazyString] = {
    "http_status": _l("error response"),
    "timeout": _l("took too long"),
    "connection_refused": _l("connection refused"),
    "connection_reset": _l("connection cut off"),
    "connection_timeout": _l("no connection in time"),
    "unreachable": _l("out of reach"),
    "dns_failure": _l("host not found"),
    "tls_failure": _l("no secure connection"),
    "redirected": _l("redirected"),
    "protocol_error": _l("not HTTP"),
    "blocked_address": _l("address blocked"),
    "token_failure": _l("no access token"),
    "template_error": _l("template failed"),
}
"""The error codes in a few words, the most frequent first."""

_JUDGED_BY_DETAIL = (
    *("tls_failure", "protocol_error", "blocked_address", "dns_failure", "unreachable"),
)
_MAX_QUOTED = 200  # characters of a stranger's text within a sentence


class Headline(NamedTuple):
    """A verdict in short, for lists. `tone` is good, bad, wait or off."""

    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tone` is good, bad, wait or off. `next_step` is empty where there is nothing to do."""

    tone: str
    title: str
    meaning: str
    next_step: str = ""


def verdict(
    status: str,
    error: str | None,
    status_code: int | None,
    *,
    location: str | None = None,
    address: str | None = None,
    host: str | None = None,
    timeout: float | None = None,
    detail: str = "",
    earlier_may_have_arrived: bool = False,
) -> Verdict:
    """The verdict on a delivery, in the current language.

    `status` is the delivery's; the rest is its last attempt's: `error` a code of the contract,
    `location` where a redirect points, `host` and `address` whom it went to, `timeout` in
    seconds, `detail` the network's or OpenSSL's own words. `earlier_may_have_arrived` says that
    what holds for the last attempt may not hold for the delivery.
    """
    if status == "succeeded":
        return _succeeded(status_code)
    if status == "cancelled":
        return _cancelled()
    if status == "delivering":
        return Verdict("wait", _("On its way."), _("The event is being sent."))
    if error is None and status_code is None:
        return _not_tried(status)
    said = str(template_words(detail)) if error == "template_error" else detail
    facts = _facts(status_code, location, address, host, timeout, said)
    words = _words(error, status_code, location, detail)
    title, meaning, next_step = (str(text) % facts for text in words)
    if earlier_may_have_arrived:
        earlier = _("An earlier attempt may have arrived.")
        meaning = f"{meaning} {earlier}"
    if status == "pending":
        again = _("It will be retried automatically.")
        return Verdict("wait", title, f"{meaning} {again}", next_step)
    return Verdict("bad", title, meaning, next_step)


def headline(
    status: str, error: str | None, status_code: int | None, location: str | None, detail: str
) -> Headline:
    """Tone and title of the verdict, cached: they cost 0.5 ms, and lists repeat a few of them."""
    locale = get_locale()
    said = detail if error in _JUDGED_BY_DETAIL else ""
    language = locale.language if locale else None
    return _headline(language, status, error, status_code, "/" if location else None, said)


@lru_cache(maxsize=1024)
def _headline(
    _language: str | None,
    status: str,
    error: str | None,
    status_code: int | None,
    location: str | None,
    detail: str,
) -> Headline:
    found = verdict(status, error, status_code, location=location, detail=detail)
    return Headline(found.tone, found.title)


def interrupted(*, test: bool) -> Verdict:
    """The verdict on a delivery whose process ended while it was being sent; tests end so."""
    title = _("The sending was interrupted.")
    if not test:
        meaning = _("A worker stopped before the answer came. The event may have arrived.")
        again = _("It will be retried automatically.")
        return Verdict("wait", title, f"{meaning} {again}")
    return Verdict(
        "bad",
        title,
        _("This server stopped before the answer came. The event may have arrived."),
        _("Look at the receiver, or send another test."),
    )


def note_text(code: str) -> LazyString:
    """What was wrong with a response that counts all the same, by the sender's code."""
    known = network_errors.NOTES.get(code)
    return _l("The answer was unusual (%(code)s).", code=code) if known is None else known


def _succeeded(status_code: int | None) -> Verdict:
    meaning = _("It answered %(status)s.", status=status_code or "2xx")
    return Verdict("good", _("The receiver accepted the event."), meaning)


def _cancelled() -> Verdict:
    return Verdict(
        "off",
        _("The delivery was cancelled."),
        _("The event will not be sent to this webhook automatically."),
        _("Send it again if the receiver should have it."),
    )


def _not_tried(status: str) -> Verdict:
    if status == "pending":
        return Verdict("wait", _("Waiting to be sent."), _("The event has not been sent yet."))
    return Verdict(
        "bad",
        _("The event was not delivered."),
        _("It was given up before it was sent."),
        _("Send it again if the receiver should have it."),
    )


def _words(error: str | None, status_code: int | None, location: str | None, detail: str) -> Words:
    if error == "redirected" or (status_code or 0) // 100 == 3:
        known = network_errors.ERRORS["redirected"]
        return known if location else network_errors.REDIRECTED_NOWHERE
    if error == "tls_failure":
        return _tls_words(detail)
    if error == "protocol_error" and detail.startswith("unexpected error"):
        return network_errors.UNKNOWN  # a bug of ours, not the receiver's fault
    if error == "blocked_address" and detail == "own":
        return network_errors.OWN_ADDRESS
    if error == "blocked_address" and detail == "not listed":
        return network_errors.NOT_LISTED
    if error == "unreachable":
        return _unreachable_words(detail)
    if error == "dns_failure" and detail in ("temporary", "timeout", "failed"):
        return network_errors.LOOKUP_FAILED
    if error in network_errors.ERRORS:
        return network_errors.ERRORS[error]
    if status_code is not None:
        return http_statuses.for_status(status_code)
    return network_errors.UNKNOWN


def _unreachable_words(detail: str) -> Words:
    if detail in network_errors.OWN_LIMITS:
        return network_errors.OWN_LIMIT
    of_proxy = (words for sign, words in PROXY_ERRORS if detail.startswith(sign))
    return next(of_proxy, network_errors.ERRORS["unreachable"])


def _tls_words(detail: str) -> Words:
    said = detail.lower()
    for signs, words in TLS_ERRORS:
        if any(sign in said for sign in signs):
            return words
    return network_errors.ERRORS["tls_failure"]


def _facts(
    status_code: int | None,
    location: str | None,
    address: str | None,
    host: str | None,
    timeout: float | None,
    detail: str,
) -> dict[str, str]:
    name = _plain(host) or _plain(address) or _("the receiver")
    return {
        "status": str(status_code),
        "location": _plain(location),
        "host": name,
        "address": _plain(address) or name,
        "place": f"{name} ({_plain(address)})" if address and bare_host(name) != address else name,
        "seconds": str(format_decimal(timeout)) if timeout is not None else "?",
        "detail": _plain(detail).rstrip(". ") or _("the reason is not known"),
    }


def _plain(text: str | None) -> str:
    """A stranger's text on one line and of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text or "").split())
    return line if len(line) <= _MAX_QUOTED else f"{line[:_MAX_QUOTED]}…"
