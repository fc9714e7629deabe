"""The parts of URLs that clients send, and the URL of an address that is listened on."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit


def url_parts(text: str | None) -> SplitResult:
    """The parts of a URL; all of them empty where it cannot be read, as `http://[`."""
    try:
        return urlsplit(text or "")
    except ValueError:
        return SplitResult("", "", "", "", "")


def path_and_query(url: SplitResult) -> str:
    """What of a URL stands in a request's first line."""
    return f"{url.path}?{url.query}" if url.query else url.path


def bare_host(authority: str) -> str:
    """The host of `host:port`, without the brackets of IPv6."""
    if authority.startswith("["):
        return authority.rpartition("]")[0].lstrip("[")
    return authority.partition(":")[0]


def ip_of(host: str | None) -> IPv4Address | IPv6Address | None:
    """The IP address that a host is written as; None for a name."""
    try:
        return ip_address(host or "")
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address leads to this machine alone (RFC 6761 §6.3)."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = ip_of(name)
    return address is not None and address.is_loopback


def local_url(host: str, port: int) -> str:
    """The URL of an address that is listened on, as a browser on this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (shown, not bound)
    return f"http://{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """A host as it stands in an authority: IPv6 in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host
