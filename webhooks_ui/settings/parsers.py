"""Parsers of settings.

Each takes the trimmed text of one setting and returns its value, or raises `ValueError` with the
rest of a sentence that begins with the setting's name; the caller appends the given text to one
that begins with "takes". `addresses` has those for hosts, networks and URLs.
"""

import base64
import binascii
import re
import ssl
import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from webhooks_ui.text.visibility import quoted

T = TypeVar("T")

_SEPARATORS = re.compile(r"[,\s]+")
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(ms|s|m|h|d|w)")
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([KMG]i?B|B|)", re.IGNORECASE)
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNIT_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1_000,
    "mb": 1_000**2,
    "gb": 1_000**3,
    "kib": 1_024,
    "mib": 1_024**2,
    "gib": 1_024**3,
}


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"takes a whole number from {low} to {high}")
        return int(text)

    return parse


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """None for an empty text, else what `parse` makes of it."""
    return lambda text: parse(text) if text else None


def several(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A list separated by commas or white space, each value once."""
    return lambda text: tuple(dict.fromkeys(parse(part) for part in _words(text)))


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Seconds as a number, from `low` to `high`; a unit may follow ("15", "15s", "500ms")."""

    def parse(text: str) -> float:
        value = _seconds(f"{text}s") or _seconds(text)
        if value is None or not low <= value <= high:
            raise ValueError(f"takes a number of seconds from {low:g} to {high:g}")
        return value

    return parse


def duration(low: timedelta, high: timedelta) -> Callable[[str], timedelta]:
    """A length of time: a number and its unit, ms, s, m, h, d or w."""

    def parse(text: str) -> timedelta:
        amount = _seconds(text)
        if amount is None:
            raise ValueError("takes a number with a unit, such as 30m (units: ms, s, m, h, d, w)")
        if not low.total_seconds() <= amount <= high.total_seconds():
            raise ValueError(f"takes a length of time from {brief(low)} to {brief(high)}")
        return timedelta(seconds=amount)

    return parse


def durations(low: timedelta, high: timedelta, most: int) -> Callable[[str], tuple[timedelta, ...]]:
    """Up to `most` lengths of time, separated by commas or white space."""

    def parse(text: str) -> tuple[timedelta, ...]:
        parts = _words(text)
        if not 1 <= len(parts) <= most:
            raise ValueError(f"takes 1 to {most} lengths of time, such as 5s,5m,1h")
        return tuple(duration(low, high)(part) for part in parts)

    return parse


def size(low: int, high: int) -> Callable[[str], int]:
    """Bytes: a number and B, KB, MB, GB (powers of 1,000) or KiB, MiB, GiB (of 1,024)."""

    def parse(text: str) -> int:
        match = _SIZE.fullmatch(text)
        if match is None:
            raise ValueError("takes a size, such as 1MB (units: B, KB, MB, GB, KiB, MiB, GiB)")
        amount = int(float(match[1]) * _UNIT_BYTES[match[2].lower()])
        if not low <= amount <= high:
            raise ValueError(f"takes a size from {low:,} to {high:,} bytes")
        return amount

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"takes one of: {', '.join(allowed)}")
        return text

    return parse


def path(text: str) -> Path:
    """An absolute path; "~" is the home folder. A relative one would move with the current one."""
    try:
        found = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("names a home folder that does not exist") from None
    if not found.is_absolute():
        raise ValueError("takes an absolute path, such as /var/lib/webhooks-ui")
    return found


def yes_no(text: str) -> bool:
    return choice("yes", "no")(text) == "yes"


def on_off(text: str) -> bool:
    return choice("on", "off")(text) == "on"


def certificate_file(text: str) -> str:
    """The path of a file with certificates in PEM, which can be read."""
    found = path(text)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=found)
    except ssl.SSLError:
        raise ValueError(f"names {quoted(text)}, which has no certificates in PEM") from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise ValueError(f"names {quoted(text)}, which {reason}") from None
    return str(found)


def time_zone(text: str) -> str:
    """The name of a zone in the IANA time zone database."""
    # All names are listed only where one is given: that reads a thousand files.
    if text != "UTC" and text not in zoneinfo.available_timezones() - {"localtime"}:
        raise ValueError("takes the name of a time zone, such as Europe/Kyiv")
    return text


def secret_text(least: int) -> Callable[[str], str]:
    """A secret of at least `least` characters."""

    def parse(text: str) -> str:
        if len(text) < least:
            raise ValueError(f"takes at least {least} characters")
        return text

    return parse


def encryption_key(text: str) -> bytes:
    """A key of 32 bytes in base64url."""
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ValueError("takes keys of 32 bytes in base64url, newest first, separated by commas")
    return key


def brief(length: timedelta) -> str:
    """A length of time in its largest whole unit: 5 minutes as "5m"."""
    total = length.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if total and total % _UNIT_SECONDS[unit] == 0:
            return f"{total / _UNIT_SECONDS[unit]:g}{unit}"
    return f"{total:g}s"


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    return float(match[1]) * _UNIT_SECONDS[match[2]] if match else None


def _words(text: str) -> list[str]:
    return [part for part in _SEPARATORS.split(text) if part]
