"""What a webhook is called, by its name and URL."""

from urllib.parse import urlsplit

import idna


def titled(name: str, url: str) -> str:
    """The name, or the receiver's host where it has none."""
    return name or unicode_host(url) or urlsplit(url).hostname or url


def unicode_host(url: str) -> str:
    """The host as people write it, where the URL has its ASCII form (IDNA); else empty."""
    if "xn--" not in url.lower():
        return ""
    host = urlsplit(url).hostname or ""
    try:
        shown = idna.decode(host)
    except idna.IDNAError:
        return ""
    return shown if shown != host else ""


def shown_url(url: str) -> str:
    """The URL with its host as people write it."""
    shown = unicode_host(url)
    return url.replace(urlsplit(url).hostname or "", shown, 1) if shown else url
