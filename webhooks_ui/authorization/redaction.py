"""Takes a webhook's secret out of what its receiver sent back, in whichever form it was echoed."""

import base64
import functools
import html
import json
import re
from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from webhooks_ui.authorization.base import MASK, SHORTEST_SECRET, Authorization
from webhooks_ui.authorization.extra_headers import WithHeaders

Secrets: TypeAlias = Authorization | WithHeaders
_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9_.-]*")
_LONGEST_TWICE = 1000  # characters; there are hundreds of forms that are escaped twice
_UTF_16 = ("utf-16-le", "utf-16-be")
_JAVASCRIPT_SAFE = "!~*'()"  # what encodeURIComponent leaves as it is
_GO, _DOTNET = "<>&", "<>&'\"+`"  # what these languages' JSON writers escape besides


def redact(data: bytes, auth: Secrets) -> bytes:
    """The data with dots in place of the secret.

    Forms: as it is; escaped for JSON, HTML, a URL or a form, also twice over; within base64, in
    hexadecimal digits, in UTF-16. A secret that the end of the data cuts off counts from four bytes
    on. A secret of fewer than four characters is only taken out of the whole header.
    Not looked for: what is compressed, encrypted, hashed or reversed, and base64 broken into lines.
    """
    needles = _needles(auth)
    for form, replacement in needles:
        data = data.replace(form, replacement)
    for form, replacement in needles:
        if replacement == MASK.encode():
            data = _redact_end(data, form)
    return data


def beginnings(auth: Secrets) -> frozenset[bytes]:
    """What some form of the secret begins with: data that has none of these needs no `redact`."""
    return frozenset(form[:SHORTEST_SECRET] for form, _ in _needles(auth))


@functools.lru_cache(maxsize=256)
def _needles(auth: Secrets) -> tuple[tuple[bytes, bytes], ...]:
    """Each form to look for with its replacement, the longest first."""
    found: dict[bytes, bytes] = {}
    for text, new in auth.echoes():
        found |= dict.fromkeys(_encoded_forms(text), MASK.encode())
        found |= {text.encode(utf): new.encode(utf) for utf in _UTF_16}
        found |= dict.fromkeys(_forms(text), new.encode())
    return tuple(sorted(found.items(), key=lambda item: len(item[0]), reverse=True))


def _redact_end(data: bytes, form: bytes) -> bytes:
    start = max(0, len(data) - len(form) + 1)
    at = data.find(form[:SHORTEST_SECRET], start)
    while at != -1:
        if form.startswith(data[at:]):
            return data[:at] + MASK.encode()
        at = data.find(form[:SHORTEST_SECRET], at + 1)
    return data


def _forms(text: str) -> set[bytes]:
    once = _escaped(text)
    again = once if len(text) <= _LONGEST_TWICE else ()
    twice = {form for each in again for form in _escaped(each)}
    return {form.encode(errors="surrogatepass") for form in {text} | once | twice}


def _escaped(text: str) -> set[str]:
    if _NEVER_ESCAPED.fullmatch(text):
        return {text}
    return {*_url_forms(text), *_html_forms(text), *_json_forms(text)}


def _encoded_forms(text: str) -> Iterator[bytes]:
    """Hexadecimal digits, and what stands in base64 of anything around the secret.

    Three bytes become four characters, so the secret begins at one of three places of a group.
    Characters that it shares with its neighbours are left, six bits of it at most.
    """
    raw = text.encode(errors="surrogatepass")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):
        first, end = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            form = encode(b"\0" * offset + raw)[first:end]
            if len(form) >= SHORTEST_SECRET:
                yield form


def _url_forms(text: str) -> Iterator[str]:
    raw = text.encode(errors="surrogatepass")
    for form in (quote(raw, safe=""), quote(raw), quote(raw, _JAVASCRIPT_SAFE), quote_plus(raw)):
        yield form
        yield re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), form)


def _html_forms(text: str) -> Iterator[str]:
    plain = html.escape(text, quote=False)
    yield plain
    for double in ("&quot;", "&#34;"):
        for single in ("&#x27;", "&#39;", "'"):
            yield plain.replace('"', double).replace("'", single)


def _json_forms(text: str) -> Iterator[str]:
    for plain in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        for also in ("", _GO, _DOTNET):
            form = plain.replace('\\"', '"') if '"' in also else plain
            form = "".join(f"\\u{ord(c):04x}" if c in also else c for c in form)
            for slashed in (form, form.replace("/", "\\/")):
                yield slashed
                yield re.sub(
                    r"\\u[0-9a-f]{4}", lambda escape: f"\\u{escape[0][2:].upper()}", slashed
                )
