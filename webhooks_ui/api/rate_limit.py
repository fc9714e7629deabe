"""The rate limit of each API token: a token bucket in the memory of this web process.

The bucket holds what may be sent in a second. A batch takes a unit for each of its events, below
zero if need be: it is not refused for its size, but the next call waits until the debt is paid.
"""

import math
import time
from collections.abc import Callable
from threading import Lock

from flask import Flask, current_app, g
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l

from webhooks_ui.settings.table import PREFIX
from webhooks_ui.web.problem import Problem

_SETTING = f"{PREFIX}RATE_LIMIT"
_EXTENSION = "rate_limit"
_ROUNDING = 1e-6  # seconds


class Buckets:
    """A bucket for each key, which fills with `rate` units a second; safe for threads."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._full_at: dict[int, float] = {}  # when each bucket is full again, on the clock
        self._lock = Lock()

    def take(self, key: int) -> float:
        """Takes one unit; returns 0, or the seconds until there is one."""
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(key, now), now)
            wait = full_at - now - (1 - 1 / self._rate)
            if wait > _ROUNDING:
                return wait
            self._full_at[key] = full_at + 1 / self._rate
            return 0.0

    def owe(self, key: int, units: int) -> None:
        """Takes units, below zero if need be."""
        with self._lock:
            self._full_at[key] = (
                max(self._full_at.get(key, 0.0), self._clock()) + units / self._rate
            )


def init_app(app: Flask) -> None:
    """Limits every token to RATE_LIMIT, if it is set."""
    rate = app.config["RATE_LIMIT"]
    app.extensions[_EXTENSION] = Buckets(rate) if rate else None


def buckets_of(app: Flask) -> Buckets | None:
    """The buckets of this process; None without a limit."""
    found: Buckets | None = app.extensions[_EXTENSION]
    return found


def count_call(token_id: int) -> None:
    """Counts a call of this token as one event; raises 429 where that is too many."""
    buckets = buckets_of(current_app)
    if buckets is None:
        return
    if wait := buckets.take(token_id):
        raise Problem(
            429,
            _l(
                "This token sends more events a second than %(setting)s allows (%(most)s). Wait"
                " as long as Retry-After says, then send this again.",
                most=format_decimal(current_app.config["RATE_LIMIT"]),
                setting=_SETTING,
            ),
            headers={"Retry-After": str(math.ceil(wait))},
        )
    g.counted_token_id = token_id


def count_events(number: int) -> None:
    """Counts the further events of a call that was counted as one."""
    if buckets := buckets_of(current_app):
        buckets.owe(g.counted_token_id, number - 1)
