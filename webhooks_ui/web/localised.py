"""Dates, numbers and sizes as they are written in the language of an answer."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import dates, numbers
from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup, escape

from webhooks_ui.database.types import now
from webhooks_ui.web import timezones
from webhooks_ui.web.i18n import language

_Unit = Literal["second", "minute", "hour", "day"]
_UNITS: tuple[tuple[_Unit, int], ...] = (("second", 60), ("minute", 60), ("hour", 24), ("day", 30))
_cached = lru_cache(maxsize=4096)  # Babel is slow, and lists repeat the same days and numbers


def init_app(app: Flask) -> None:
    """Gives templates the filters."""
    filters: tuple[Callable[..., Any], ...] = (
        *(clock, day, exact, isotime, moment, filesize, number, age, duration, percent),
    )
    app.jinja_env.filters.update({write.__name__: write for write in filters})
    app.jinja_env.filters.update(datetime=absolute, ms=milliseconds, zone=timezones.label)
    app.jinja_env.globals["zone_in_use"] = timezones.zone_in_use


def absolute(moment: datetime) -> str:
    """A moment in the console's time zone, with the zone's name."""
    zone, code = timezones.zone_in_use(), language()
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    quarter = utc.replace(minute=utc.minute // 15 * 15, second=0, microsecond=0)
    return f"{_date(code, local.date())}, {_time(local)} {_zone(code, zone, quarter)}"


def clock(moment: datetime) -> str:
    """A moment that is near as a time of day: “14:02:10”; else as `absolute`."""
    if abs(moment - now()) > timedelta(hours=12):
        return absolute(moment)
    return _time(moment.astimezone(timezones.zone_in_use()))


def moment(value: datetime | None) -> Markup:
    """A moment as an element: relative, with the absolute time as its title; "–" for None.

    Beyond a month the day is enough. The browser keeps the words current. On paper and without
    JavaScript the title is shown.
    """
    if value is None:
        return Markup("–")
    text, words = escape(absolute(value)), escape(relative(value) or day(value))
    return Markup(_distance(isotime(value), text, words))  # noqa: S704  # the texts are escaped


def exact(value: datetime | None) -> Markup:
    """A moment as a page about one thing has it: absolute, then relative; "–" for None."""
    if value is None:
        return Markup("–")
    at, text, distance = isotime(value), escape(absolute(value)), escape(relative(value))
    # The space is hidden with the words where nothing keeps them true.
    ago = _distance(at, text, distance) if distance else ""
    ago = f'<wbr><span class="muted ago"> ({ago})</span>' if ago else ""
    return Markup(f'<span><time datetime="{at}">{text}</time>{ago}</span>')  # noqa: S704


def _distance(at: str, text: str, distance: str) -> str:
    return f'<time datetime="{at}" title="{text}" data-relative>{distance}</time>'


def relative(value: datetime) -> str:
    """The distance from now: “3 hours ago”, “in 5 seconds”; empty from a month on.

    Units and rounding are those of `inWords` in static/app.js, and the words those of CLDR, so
    that the browser changes nothing when it takes over.
    """
    amount = (value - now()).total_seconds()
    if abs(amount) < 10:
        return str(_("now"))
    for unit, size in _UNITS:
        rounded = math.floor(amount + 0.5)
        if abs(rounded) < size:
            return _relative(language(), unit, rounded)
        amount /= size
    return ""


def day(moment: datetime | str) -> str:
    """The date of a moment, which may be in ISO 8601, as the end of a certificate is."""
    known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return _date(language(), known.astimezone(timezones.zone_in_use()).date())


def isotime(moment: datetime) -> str:
    """A moment as RFC 3339 has it, for machines."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(value: float) -> str:
    """A number with its separators."""
    if isinstance(value, int) and 0 <= value < 1000:
        return str(value)  # the same in every language
    return _decimal(language(), value)


def milliseconds(value: float) -> str:
    """A duration of `value` milliseconds in the unit that reads best."""
    return _milliseconds(language(), round(value, -2 if value >= 1000 else None))


def age(moment: datetime) -> str:
    """The time since a moment, in the unit that reads best: “3 hours”."""
    minutes = (now() - moment) // timedelta(minutes=1)
    return _duration(language(), timedelta(minutes=max(minutes, 1)))


def duration(span: timedelta) -> str:
    """A span of time in the unit that reads best: “5 seconds”, “2 hours”."""
    return _duration(language(), max(span, timedelta(seconds=1)))


def percent(share: float) -> str:
    """A share of 0 to 1; less than all is never rounded up to 100 %."""
    return _percent(language(), 1 if share == 1 else min(round(share, 3), 0.999))


def filesize(value: int) -> str:
    """A size of `value` bytes in the unit that reads best."""
    if value < 1024:
        return str(_("%(number)s B", number=number(value)))
    if value < 1024 * 1024:
        return str(_("%(number)s KB", number=_decimal(language(), value / 1024, "#,##0.#")))
    return str(_("%(number)s MB", number=_decimal(language(), value / 1024 / 1024, "#,##0.#")))


def _time(local: datetime) -> str:
    """The time of day, to the second; `strftime` takes three times as long."""
    return local.isoformat(" ", "seconds")[11:19]


@_cached
def _date(language: str, day: date) -> str:
    return dates.format_date(day, "d MMM y", locale=language)


@_cached
def _zone(language: str, zone: ZoneInfo, quarter: datetime) -> str:
    """The zone in that quarter of an hour: EST, or UTC+2 where the language has no short name."""
    written = dates.format_time(quarter, "z", zone, language)
    if found := re.fullmatch(r"([+-])0?(\d+)(\d\d)", written):
        sign, hours, minutes = found.groups()
        return f"UTC{sign}{hours}" + (f":{minutes}" if minutes != "00" else "")
    return written


@_cached
def _relative(language: str, unit: _Unit, amount: int) -> str:
    delta = timedelta(**{f"{unit}s": amount})
    return dates.format_timedelta(
        delta, unit, threshold=math.inf, add_direction=True, locale=language
    )


@_cached
def _duration(language: str, span: timedelta) -> str:
    return dates.format_timedelta(span, threshold=1, locale=language)


@_cached
def _decimal(language: str, value: float, pattern: str | None = None) -> str:
    return numbers.format_decimal(value, pattern, locale=language)


@_cached
def _percent(language: str, share: float) -> str:
    return numbers.format_percent(share, "#,##0.#%", locale=language)


@_cached
def _milliseconds(language: str, value: int) -> str:
    if value < 1:
        return str(_("< 1 ms"))
    if value < 1000:
        return str(_("%(number)s ms", number=_decimal(language, value)))
    return str(_("%(number)s s", number=_decimal(language, value / 1000, "#,##0.0")))
