"""Says of a request, pasted as text, whether its signature holds under a secret, and if not, why.

What a person pastes is not byte for byte what arrived: a form sends line ends as CRLF, editors add
one at the end. These differences are put aside; any other change of the body counts.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from webhooks_ui.crypto import signing

Verdict = Literal[
    "valid",
    "old_timestamp",
    "future_timestamp",
    "wrong_secret",
    "receivers_secret",
    "changed_body",
    "no_match",
    "missing_header",
    "malformed_request",
    "malformed_secret",
    "malformed_timestamp",
    "malformed_signature",
]
_REQUEST_LINE = re.compile(r"[A-Z]{3,10} \S+( HTTP/[\d.]+)?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
_SIGNATURE = re.compile(r"v1,[0-9A-Za-z+/]{43}=")


@dataclass(frozen=True, slots=True)
class PastedRequest:
    """A request as it was pasted: headers by their names in lower case, body as text."""

    headers: dict[str, str]
    body: str

    def header(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return self.headers.get(name, "")

    @property
    def missing(self) -> list[str]:
        """The headers of the signature that it lacks."""
        return [name for name in signing.HEADERS if not self.header(name)]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check.

    `missing` are the headers that a ``missing_header`` lacks. `age` is the timestamp's age in
    seconds, negative in the future. `secret` is the place of the secret that holds among those
    given. Of a ``changed_body``, `reformatted` says that it is the same JSON, written otherwise.
    ``no_match``: the secret is wrong or something was changed, and it cannot be told which.
    """

    verdict: Verdict
    missing: Sequence[str] = ()
    age: int | None = None
    secret: int | None = None
    reformatted: bool = False


def parse(text: str) -> PastedRequest | None:
    """A request line, which may be left out, headers, an empty line and the body; None if not."""
    head, _, body = text.replace("\r\n", "\n").lstrip().partition("\n\n")
    lines = head.split("\n")
    if _REQUEST_LINE.fullmatch(lines[0].rstrip()):
        del lines[0]
    found = [_HEADER.fullmatch(line.strip()) for line in lines]
    if not found or None in found:
        return None
    headers: dict[str, str] = {}
    for match in found:
        if match:
            headers.setdefault(match[1].lower(), match[2].strip())
    return PastedRequest(headers, body)


def check(
    request: PastedRequest | None,
    secrets: Sequence[str],
    moment: int,
    *,
    sent: bytes | None = None,
    receivers: str = "",
) -> Finding:
    """Checks a request as a receiver does at `moment`, in seconds since 1970.

    `sent` is the body that the console sent under this ``webhook-id``, where it is known: it tells
    a changed body from a wrong secret. `receivers` is the secret that the receiver has, if known.
    """
    if request is None:
        return Finding("malformed_request")
    if problem := _malformed(request, receivers):
        return problem
    stamp = int(request.header("webhook-timestamp"))
    bodies = list(_as_pasted(request.body))
    place = _holds(request, secrets, bodies)
    if place is None:
        return _why_not(request, secrets, sent)
    if receivers and _holds(request, [receivers], bodies) is None:
        return Finding("receivers_secret")
    age = moment - stamp
    if abs(age) > signing.TOLERANCE:
        return Finding("old_timestamp" if age > 0 else "future_timestamp", age=age, secret=place)
    return Finding("valid", age=age, secret=place)


def _malformed(request: PastedRequest, receivers: str) -> Finding | None:
    if request.missing:
        return Finding("missing_header", request.missing)
    if signing.timestamp_of(request.header("webhook-timestamp")) is None:
        return Finding("malformed_timestamp")
    if not any(map(_SIGNATURE.fullmatch, request.header("webhook-signature").split(" "))):
        return Finding("malformed_signature")
    if receivers and not signing.is_secret(receivers):
        return Finding("malformed_secret")
    return None


def _why_not(request: PastedRequest, secrets: Sequence[str], sent: bytes | None) -> Finding:
    if sent is not None:
        if _holds(request, secrets, [sent]) is None:
            return Finding("wrong_secret")
        return Finding("changed_body", reformatted=_meaning(request.body) == _meaning(sent))
    if _holds(request, secrets, _as_written(request.body)) is None:
        return Finding("no_match")
    return Finding("changed_body", reformatted=True)


def _holds(request: PastedRequest, secrets: Sequence[str], bodies: Iterable[bytes]) -> int | None:
    """The place of the secret under which the signature holds for one of the bodies."""
    message_id, signature = request.header("webhook-id"), request.header("webhook-signature")
    timestamp = int(request.header("webhook-timestamp"))
    for body in bodies:
        for place, secret in enumerate(secrets):
            if signing.verify(secret, message_id, timestamp, body, signature):
                return place
    return None


def _as_pasted(body: str) -> Iterator[bytes]:
    """The bodies that a pasted one may have been."""
    found = (body, body.removesuffix("\n"), body.rstrip("\n"))
    for one in dict.fromkeys(found):
        yield one.encode()
        if "\n" in one:
            yield one.replace("\n", "\r\n").encode()


def _as_written(body: str) -> Iterator[bytes]:
    """How the console and common senders would have written the same JSON."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((", ", ": "), (",", ":")):
        for ascii_only in (False, True):
            written = json.dumps(data, ensure_ascii=ascii_only, separators=separators)
            yield written.encode(errors="replace")


def _meaning(body: str | bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
