"""Title, shown URL, holds and state of a webhook, by its columns; for models and list rows."""

from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import idna

from webhooks_ui.database.types import now
from webhooks_ui.explanations import states


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


class Named(Protocol):
    """What a title comes from."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...


class Titled:
    """How a webhook is called, whether it is a model or a row of a list."""

    __slots__ = ()

    @property
    def title(self: Named) -> str:
        """The name, or the receiver's host where it has none."""
        return titled(self.name, self.url)

    @property
    def shown_url(self: Named) -> str:
        """The URL with its host as people write it."""
        return shown_url(self.url)


class Stated(Named, Protocol):
    """What the state comes from: columns of `Webhook`."""

    @property
    def tls_verify(self) -> bool: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def failing_since(self) -> datetime | None: ...
    @property
    def last_succeeded(self) -> bool | None: ...
    @property
    def degraded(self) -> bool: ...
    @property
    def paused_until(self) -> datetime | None: ...
    @property
    def hold_reason(self) -> str | None: ...
    @property
    def held_until(self) -> datetime | None: ...


class Displayed(Titled):
    """What is shown of a webhook's state, whether it is a model or a row of the list."""

    __slots__ = ()

    @property
    def skips_verification(self: Stated) -> bool:
        """Whether the receiver's certificate is not to be verified; plain http has none."""
        return not self.tls_verify and self.url.startswith("https:")

    @property
    def limited_until(self: Stated) -> datetime | None:
        """Until when the receiver asks to be left alone; None once that is over."""
        return _to_come(self.held_until) if self.hold_reason == "limited" else None

    @property
    def probed_at(self: Stated) -> datetime | None:
        """When the next attempt is made at a receiver that does not answer; at once if past."""
        return self.held_until if self.hold_reason in ("failing", "probing") else None

    @property
    def resumes_at(self: Stated) -> datetime | None:
        """Until when it is paused; None when it is not."""
        return _to_come(self.paused_until)

    @property
    def state(self: Stated) -> states.State:
        """How it is, in a word: see `explanations.states`."""
        return states.state(
            enabled=self.enabled,
            is_paused=_to_come(self.paused_until) is not None,
            failing_since=self.failing_since,
            last_succeeded=self.last_succeeded,
            degraded=self.degraded,
        )


def _to_come(moment: datetime | None) -> datetime | None:
    return moment if moment and moment > now() else None
