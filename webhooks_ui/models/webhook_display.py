"""Titles, shown URLs and holds of webhooks, from their columns; for models and list rows."""

from datetime import datetime
from urllib.parse import urlsplit

import idna

from webhooks_ui.database.types import now


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


def skips_verification(url: str, tls_verify: bool) -> bool:
    """Whether a certificate of the receiver would not be verified; plain http has none."""
    return not tls_verify and url.startswith("https:")


def limited_until(hold_reason: str | None, held_until: datetime | None) -> datetime | None:
    """Until when the receiver asks to be left alone; None once that is over."""
    return held_until if hold_reason == "limited" and held_until and held_until > now() else None


def probed_at(hold_reason: str | None, held_until: datetime | None) -> datetime | None:
    """When the next attempt is made at a receiver that does not answer; in the past, at once."""
    return held_until if hold_reason in ("failing", "probing") else None
