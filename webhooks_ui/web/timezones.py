"""Time zones: which one a request is answered in, what they are called, and local times."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import dates
from flask import current_app, g, has_request_context, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user

from webhooks_ui.database.types import now

_LEAST = timedelta(microseconds=1)
COOKIE = "timezone"  # static/app.js sets it to what Intl says


def zone_in_use() -> ZoneInfo:
    """What the user chose, else what the browser says, else the setting TIMEZONE."""
    found: ZoneInfo | None = g.get("zone")  # only a request's
    if found is None and has_request_context():
        found = g.zone = find(chosen()) or offered()
    return found or ZoneInfo(current_app.config["TIMEZONE"])


def offered() -> ZoneInfo:
    """The zone where the user has chosen none."""
    return find(request.cookies.get(COOKIE, "")) or ZoneInfo(current_app.config["TIMEZONE"])


def chosen() -> str:
    """The zone that the signed-in user has chosen; empty for none."""
    return (current_user.is_authenticated and current_user.user.timezone) or ""


def find(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, under its present spelling; None when there is none.

    Chromium still says Europe/Kiev.
    """
    return ZoneInfo(_renamed().get(name, name)) if name in _names() else None


def label(zone: ZoneInfo) -> str:
    """What a zone is called next to a field: “Kyiv time”; “UTC”."""
    city = _city(zone.key, str(get_locale()))
    return city if city == "UTC" else _("%(city)s time", city=city)


@lru_cache(maxsize=8)
def choices(language: str) -> dict[str, str]:
    """The zones to choose from, by their IANA names: “Kyiv (Europe/Kyiv)”."""
    places = {name: f"{_city(name, language)} ({name})" for name in sorted(_listed())}
    return {"UTC": "UTC"} | places


def today() -> date:
    """The date on the reader's clock."""
    return now().astimezone(zone_in_use()).date()


def clock_time(text: str) -> datetime | None:
    """A time as ``datetime-local`` writes it, or one with an offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9000 else None


def resolve(clock: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which a clock in `zone` shows a time, where a span begins.

    For a time that the clock skips in spring it is the moment of the leap.
    """
    return _moments(clock, zone)[0]


def resolve_end(clock: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, from which a clock in `zone` shows no earlier time, where a span ends.

    In an hour that comes twice in autumn this is in the second, so that a span has all of it.
    """
    return _moments(clock - _LEAST, zone)[1] + _LEAST


def _moments(clock: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last moment at which the clock shows a time, or those around its leap."""
    early, late = sorted(clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) == clock:
        return early, late
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    leap = late.replace(microsecond=0)
    return leap, leap - _LEAST


@cache
def _names() -> set[str]:
    return zoneinfo.available_timezones()


@cache
def _listed() -> set[str]:
    """The zones of countries, each under its present name."""
    return {line.split("\t")[2] for line in _lines("zone.tab") if not line.startswith("#")}


@cache
def _renamed() -> dict[str, str]:
    """Present names by former ones."""
    links = [line.split() for line in _lines("tzdata.zi") if line.startswith("L ")]
    return {
        former: name
        for _kind, name, former in links
        if name in _listed() and former not in _listed()
    }


def _lines(name: str) -> list[str]:
    return (files("tzdata") / "zoneinfo" / name).read_text("utf-8").splitlines()


@lru_cache(maxsize=2048)
def _city(name: str, language: str) -> str:
    return dates.get_timezone_location(ZoneInfo(name), locale=language, return_city=True)
