"""Takes a webhook's secret out of what its receiver sent back, in whichever form it was echoed."""

import functools
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from webhooks_ui.authorization.base import MASK, SHORTEST_SECRET, Authorization

_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9_.-]*")
_JAVASCRIPT_SAFE = "!~*'()"  # what encodeURIComponent leaves as it is
_GO, _DOTNET = "<>&", "<>&'\"+`"  # what these languages' JSON writers escape besides


def redact(data: bytes, auth: Authorization) -> bytes:
    """The data with dots in place of the secret.

    Forms: as it is; the Basic pair in base64; escaped for JSON, HTML, a URL or a form. A secret
    that the end of the data cuts off counts from four bytes on. A secret of fewer than four
    characters is only taken out of the whole header.
    """
    needles = _needles(auth)
    for form, replacement in needles:
        data = data.replace(form, replacement)
    for form, replacement in needles:
        if replacement == MASK.encode():
            data = _redact_end(data, form)
    return data


def beginnings(auth: Authorization) -> frozenset[bytes]:
    """What some form of the secret begins with: data that has none of these needs no `redact`."""
    return frozenset(form[:SHORTEST_SECRET] for form, _ in _needles(auth))


@functools.lru_cache(maxsize=256)
def _needles(auth: Authorization) -> tuple[tuple[bytes, bytes], ...]:
    """Each form to look for with its replacement, the longest first."""
    found = {form: new.encode() for text, new in auth.echoes() for form in _forms(text)}
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
    if _NEVER_ESCAPED.fullmatch(text):
        return {text.encode()}
    written = {text, *_url_forms(text), *_html_forms(text), *_json_forms(text)}
    return {form.encode(errors="surrogatepass") for form in written}


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
