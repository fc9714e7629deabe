"""Titles, shown URLs and states of webhooks, from their columns; for models and list rows."""

from datetime import datetime
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


def state(enabled: bool, failing_since: datetime | None, last_succeeded: bool | None) -> str:
    """``disabled``; ``failing`` since its last success, or ``working``; before it ``untested``.

    If only pings were sent, the last one decides.
    """
    if not enabled:
        return "disabled"
    if failing_since or last_succeeded is False:
        return "failing"
    return "working" if last_succeeded else "untested"
