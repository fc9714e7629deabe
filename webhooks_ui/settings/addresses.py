"""Parsers of settings that are hosts, networks, URLs or e-mail addresses; see `parsers`."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import idna

from webhooks_ui.settings.parsers import words
from webhooks_ui.text.printable import quoted

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_ORIGIN = re.compile(r"(https?://[a-z0-9._:\[\]-]+)((?:/[a-z0-9._~-]+)*)/?", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}", re.ASCII)  # as HTML's input has it
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NEITHER = "which is no host name, IP address or CIDR range"


def host(text: str) -> str:
    """The address to listen on: an IP address or a host name."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return _host_name(text)


def database_url(text: str) -> str | None:
    """A SQLite file or a PostgreSQL database, as SQLAlchemy writes it.

    `postgres://` and `postgresql://` are taken as `postgresql+psycopg://`.
    """
    if not text:
        return None
    if re.fullmatch(r"sqlite:///(?!:memory:|\?)[^\x00]+", text):
        return text
    match = re.fullmatch(r"(?:postgres|postgresql|postgresql\+psycopg)://(.+)", text)
    if match is None:
        raise ValueError("takes sqlite:///<file> or postgresql+psycopg://<user>@<host>/<database>")
    return f"postgresql+psycopg://{match[1]}"


def public_url(text: str) -> str | None:
    """Scheme, host, an unusual port, and a path: `https://acme.example/hooks`."""
    if not text:
        return None
    match = _ORIGIN.fullmatch(text)
    if match is None or not _has_good_host(text) or {".", ".."} & set(match[2].split("/")):
        raise ValueError("takes a scheme, a host and perhaps a path, as https://hooks.example does")
    return match[1].lower() + match[2]


def hosts(text: str) -> tuple[str, ...]:
    """Host names and IP addresses, separated by commas or white space."""
    return tuple(dict.fromkeys(host(part) for part in words(text)))


def networks(text: str) -> tuple[str, ...]:
    """CIDR ranges, IP addresses and host names, separated by commas or white space."""
    return tuple(dict.fromkeys(_network(part) for part in words(text)))


def ip_networks(text: str) -> tuple[str, ...]:
    """CIDR ranges and IP addresses, separated by commas or white space."""
    return tuple(dict.fromkeys(_ip_network(part) for part in words(text)))


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


def mail_server(text: str) -> MailServer | None:
    """A server for outgoing e-mail: `smtp://login:password@host:587` or `smtps://…:465`."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        name, port = host(parts.hostname or ""), parts.port
    except ValueError:
        name, port = "", None
    rest = (parts.path.rstrip("/"), parts.fragment) if name else ("",)
    is_known = name and parts.scheme in ("smtp", "smtps") and parts.query in ("", "tls=no")
    if not is_known or port == 0 or any(rest):
        raise ValueError("takes smtp:// or smtps://, such as smtp://login:password@host:587")
    tls = parts.scheme == "smtps"
    login, password = unquote(parts.username or ""), unquote(parts.password or "")
    plain = parts.query == "tls=no"
    return MailServer(name, port or (465 if tls else 587), tls, login, password, plain)


def mail_address(text: str) -> str | None:
    """One e-mail address."""
    return _mail_address(text) if text else None


def mail_addresses(text: str) -> tuple[str, ...]:
    """E-mail addresses, separated by commas or white space."""
    return tuple(dict.fromkeys(_mail_address(part) for part in words(text)))


def _mail_address(text: str) -> str:
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


def _network(text: str) -> str:
    if ":" in text or re.fullmatch(r"[0-9./]+", text):
        return _ip_network(text)
    return _host_name(text)


def _ip_network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
        address = ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        raise ValueError(f"has {quoted(text)}, {_NEITHER}") from None
    if address != network.network_address:
        raise ValueError(f"has {quoted(text)}, which is an address with a range; use {network}")
    return str(network) if "/" in text else str(address)


def _host_name(text: str) -> str:
    try:
        name = text if text.isascii() else idna.encode(text, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        name = ""
    name = name.lower().removesuffix(".")
    # A browser reads a host that ends in a number as an IPv4 address (WHATWG URL).
    is_number = _NUMBER.fullmatch(name.rpartition(".")[2])
    if len(name) > 253 or is_number or not _HOST.fullmatch(name):
        raise ValueError(f"has {quoted(text)}, {_NEITHER}")
    return name
