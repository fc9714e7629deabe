"""Parsers of settings that are hosts, networks, URLs or e-mail addresses; see `parsers`."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from webhooks_ui.egress.allow_list import Rule
from webhooks_ui.text.url_parts import is_loopback
from webhooks_ui.text.visibility import quoted

_ORIGIN = re.compile(r"(https?://[a-z0-9._:\[\]-]+)((?:/[a-z0-9._~-]+)*)/?", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}", re.ASCII)  # as HTML's input has it
# A host or IPv4 network with its port, an IPv6 one in brackets with it, or a port alone.
_WITH_PORT = re.compile(r"(?:([^:\[\]]*)|\[([^\[\]]*)\]):([0-9]{1,5})")
_NEITHER = "which is no host name, IP address or CIDR range"


def host(text: str) -> str:
    """The address to listen on: an IP address or a host name."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _host_name(text)


def database_url(text: str) -> str:
    """A SQLite file or a PostgreSQL database, as SQLAlchemy writes it.

    `postgres://` and `postgresql://` are taken as `postgresql+psycopg://`.
    """
    if re.fullmatch(r"sqlite:///(?!:memory:|\?)[^\x00]+", text):
        return text
    match = re.fullmatch(r"(?:postgres|postgresql|postgresql\+psycopg)://(.+)", text)
    if match is None:
        raise ValueError("takes sqlite:///<file> or postgresql+psycopg://<user>@<host>/<database>")
    return f"postgresql+psycopg://{match[1]}"


def public_url(text: str) -> str:
    """Scheme, host, an unusual port, and a path: `https://acme.example/hooks`."""
    match = _ORIGIN.fullmatch(text)
    if match is None or not _has_good_host(text) or {".", ".."} & set(match[2].split("/")):
        raise ValueError("takes a scheme, a host and perhaps a path, as https://hooks.example does")
    return match[1].lower() + match[2]


def network(text: str) -> str:
    """A CIDR range, an IP address or a host name."""
    if ":" in text or re.fullmatch(r"[0-9./]+", text):
        return ip_network(text)
    return _host_name(text)


def ip_network(text: str) -> str:
    """A CIDR range or an IP address."""
    try:
        found = ipaddress.ip_network(text, strict=False)
        address = ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        raise ValueError(f"has {quoted(text)}, {_NEITHER}") from None
    if address != found.network_address:
        raise ValueError(f"has {quoted(text)}, which is an address with a range; use {found}")
    return str(found) if "/" in text else str(address)


def issuer(text: str) -> str:
    """An OpenID provider by its issuer, an https URL; on this machine http as well."""
    url = urlsplit(text)
    is_secure = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or ""))
    if not (is_secure and url.hostname) or url.query or url.fragment or url.username:
        raise ValueError("takes an https URL, such as https://login.example/realms/acme")
    return text


@dataclass(frozen=True, slots=True)
class MailServer:
    """An SMTP server. `tls`: from the first byte; otherwise by STARTTLS.

    Without either nothing is sent to another machine, unless it is `plain`; a password never is.
    With an empty `login` there is no sign-in.
    """

    host: str
    port: int
    tls: bool
    login: str = ""
    password: str = field(default="", repr=False)
    plain: bool = False


def mail_server(text: str) -> MailServer:
    """A server for outgoing e-mail: `smtp://login:password@host:587` or `smtps://…:465`."""
    found = _server(text, "smtp", "smtps")
    if found is None or found.query not in ("", "tls=no"):
        raise ValueError("takes smtp:// or smtps://, such as smtp://login:password@host:587")
    tls = found.scheme == "smtps"
    port, plain = found.port or (465 if tls else 587), found.query == "tls=no"
    return MailServer(found.host, port, tls, found.login, found.password, plain)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. Without login and password there is no sign-in."""

    host: str
    port: int
    login: str = ""
    password: str = field(default="", repr=False)


def proxy(text: str) -> Proxy:
    """A proxy for requests to receivers: `http://login:password@host:3128`."""
    found = _server(text, "http")
    if found is None or found.port is None or found.query:
        raise ValueError("takes http:// with a port, such as http://login:password@host:3128")
    return Proxy(found.host, found.port, found.login, found.password)


class _Server(NamedTuple):
    scheme: str
    host: str
    port: int | None
    login: str
    password: str
    query: str


def _server(text: str, *schemes: str) -> _Server | None:
    """The parts of a URL that names a server and nothing on it."""
    try:
        parts = urlsplit(text)
        name, port = host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if port == 0 or parts.scheme not in schemes:
        return None
    if parts.path.rstrip("/") or parts.fragment:
        return None
    login, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _Server(parts.scheme, name, port, login, password, parts.query)


def egress_rule(text: str) -> Rule:
    """A host, a CIDR range or an IP address, with a port or without, or a port alone."""
    match = _WITH_PORT.fullmatch(text)
    place, port = (match[1] or match[2] or "", int(match[3])) if match else (text, None)
    place = place.removeprefix("[").removesuffix("]")
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"has {quoted(text)}, whose port is not from 1 to 65535")
    if not place:
        if port is None:
            raise ValueError(f"has {quoted(text)}, {_NEITHER}")
        return Rule(port=port)
    if place.startswith("*."):
        return Rule(host=f"*.{_host_name(place[2:])}", port=port)
    found = network(place)
    try:
        return Rule(network=ipaddress.ip_network(found), port=port)
    except ValueError:
        return Rule(host=found, port=port)


def mail_address(text: str) -> str:
    """One e-mail address."""
    local, _, domain = text.rpartition("@")
    try:
        if not _MAILBOX.fullmatch(local):
            raise ValueError(local)
        return f"{local}@{host(domain)}"
    except ValueError:
        raise ValueError(f"has {quoted(text)}, which is no e-mail address") from None


def _has_good_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host(parts.hostname or "")
        port = parts.port
    except ValueError:
        return False
    return port != 0


def _host_name(text: str) -> str:
    from webhooks_ui.egress import target_url  # most installations name no host

    try:
        name = target_url.host_name(text).removesuffix(".")
    except target_url.TargetError:
        name = ""
    if not name or target_url.ends_in_number(name):
        raise ValueError(f"has {quoted(text)}, {_NEITHER}")
    return name
