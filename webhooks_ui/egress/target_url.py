"""The URL of a webhook: which URLs are accepted, and their normal form.

The rules are RFC 3986, narrowed to what all parsers agree on, so that the host that was checked is
the host that is connected to: absolute http or https, no userinfo, no control characters or white
space, no host that browsers parse as a number (WHATWG URL, "ends in a number checker"),
internationalised names by UTS 46, as browsers do.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, unquote

import idna
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.text.url_parts import bracketed

MAX_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

MESSAGES: dict[str, LazyString] = {
    "empty": _l("Enter the URL that receives the events."),
    "length": _l("The URL is longer than 2,048 characters. Use a shorter one."),
    "scheme": _l("The URL must be complete and begin with https:// or http://."),
    "characters": _l(
        "The URL contains a space, a backslash or a character that cannot be seen. Remove it."
    ),
    "userinfo": _l(
        "The URL contains a login or password before an @ sign. "
        "Remove them from the URL and choose the authorization Basic."
    ),
    "host": _l("The URL has no host name that can be used. Check the part after the slashes."),
    "host_length": _l(
        "A host name has at most 253 characters, and 63 between two dots. Check the host name."
    ),
    "number_host": _l(
        "The host looks like a number. Write an IP address as four numbers, such as 203.0.113.7."
    ),
    "port": _l("The port must be a number from 1 to 65535."),
}

_SPLIT = re.compile(r"(?i:(https?))://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL)
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What RFC 3986 allows in a path or a query besides letters, digits and "-._~" (never quoted).
_PATH_SAFE = "%/:@!$&'()*+,;="
_QUERY_SAFE = _PATH_SAFE + "?"


class TargetError(ValueError):
    """A refused URL: `code` is a key of `MESSAGES`, `message` says how to mend it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> LazyString:
        return MESSAGES[self.code]


@dataclass(frozen=True, slots=True)
class Target:
    """An accepted URL and its parts.

    `url` is ASCII, without fragment and default port; `host` is lower case, an IPv6 address without
    brackets; `authority` is the value of the Host header; `path` includes the query.

    A dot at the end of a host name says that it is complete, so that no search domain is tried
    (RFC 1034 section 3.1). It stays in `url` and `lookup`, and stands in no header or certificate.
    """

    url: str
    scheme: str
    host: str
    lookup: str
    port: int
    is_literal_ip: bool
    authority: str
    path: str


@lru_cache(maxsize=4096)
def parse(text: str) -> Target:
    """Parses a URL; surrounding white space is trimmed, a fragment dropped.

    Raises TargetError. `parse(parse(text).url)` is the same target.
    """
    text = text.strip()
    _check_characters(text)
    match = _SPLIT.fullmatch(text)
    if match is None:
        raise TargetError("scheme")
    scheme, authority, path, query = match[1].lower(), match[2], match[3], match[4] or ""
    if "@" in authority:
        raise TargetError("userinfo")
    host, port, is_literal_ip = _host_and_port(authority, DEFAULT_PORTS[scheme])
    lookup, host = host, host.removesuffix(".")
    shown = bracketed(lookup)
    port_part = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    path = _quoted(path, _PATH_SAFE) or "/"
    path += _quoted(query, _QUERY_SAFE)
    url = f"{scheme}://{shown}{port_part}{path}"
    if len(url) > MAX_LENGTH:
        raise TargetError("length")
    authority = f"{shown.removesuffix('.')}{port_part}"
    return Target(url, scheme, host, lookup, port, is_literal_ip, authority, path)


def take_userinfo(text: str) -> tuple[str, str, str] | None:
    """(URL without userinfo, login, password) of `https://login:password@host/`, else None.

    The form offers to move them into Basic authorization. The URL is not checked otherwise.
    """
    text = text.strip()
    match = _SPLIT.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None or "@" not in match[2]:
        return None
    userinfo, _, host = match[2].rpartition("@")
    login, _, password = userinfo.partition(":")
    start, end = match.span(2)
    return text[:start] + host + text[end:], unquote(login), unquote(password)


def _check_characters(text: str) -> None:
    if not text:
        raise TargetError("empty")
    if len(text) > MAX_LENGTH:
        raise TargetError("length")
    # Z: spaces of every kind. C: control, invisible (bidi marks), surrogate, unassigned.
    # Browsers read a backslash as a slash, other parsers do not.
    if "\\" in text or any(unicodedata.category(c)[0] in "ZC" for c in text):
        raise TargetError("characters")


def _host_and_port(authority: str, default_port: int) -> tuple[str, int, bool]:
    match = _HOST_PORT.fullmatch(authority)
    if match is None:
        raise TargetError("host")
    port = _port(match[2]) if match[2] else default_port
    if match[1].startswith("["):
        return _ipv6(match[1][1:-1]), port, True
    host = host_name(match[1])
    name = host.removesuffix(".")
    return (_ipv4(name), port, True) if ends_in_number(name) else (host, port, False)


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise TargetError("port")
    return int(text)


def _ipv6(text: str) -> str:
    try:
        # A zone (fe80::1%eth0, RFC 6874) has a meaning on one machine only.
        address = IPv6Address("" if "%" in text else text)
    except ValueError:
        raise TargetError("host") from None
    return address.compressed


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise TargetError("number_host") from None


def ends_in_number(host: str) -> bool:
    """Whether browsers read a host name as an IPv4 address (WHATWG URL)."""
    return _NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def host_name(text: str) -> str:
    """The normal form of a host name, a dot at its end kept. Raises TargetError."""
    try:
        host = text if text.isascii() else _ascii_host(text)
    except (idna.IDNAError, UnicodeError):
        raise TargetError("host") from None
    host = host.lower()
    labels = host.removesuffix(".").split(".")
    if len(host.removesuffix(".")) > 253 or max(map(len, labels)) > 63:
        raise TargetError("host_length")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetError("host")
    return host


def _ascii_host(text: str) -> str:
    """A host name in ASCII, as browsers write it (UTS 46 without STD3 rules and hyphen checks)."""
    mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
    return ".".join(map(_ascii_label, mapped.replace("\u3002", ".").split(".")))


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    idna.check_initial_combiner(label)
    idna.check_bidi(label)
    for place, character in enumerate(label):
        if character in "\u200c\u200d" and not idna.valid_contextj(label, place):
            raise TargetError("host")
    return f"xn--{label.encode('punycode').decode('ascii')}"


def _quoted(text: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=safe)
