"""Until when a webhook is to be paused, as buttons and a field say it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request

from webhooks_ui.database.types import now
from webhooks_ui.web import timezones


@dataclass(frozen=True, slots=True)
class Offer:
    """What the menu suggests: clock times of `zone`, as ``datetime-local`` has them."""

    zone: ZoneInfo
    at: str
    earliest: str


MORNING = time(8)
RESUME = "resume"
_LENGTH = re.compile(r"(\d{1,4})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def until(form: Mapping[str, str]) -> datetime | None:
    """The time to come that `until` means; None when it is none.

    It is ``1h``, ``tomorrow`` (08:00), ``at`` with the field `at`, or the time itself. A clock time
    is that of the reader's zone, or of `zone`.
    """
    zone = timezones.find(form.get("zone", "")) or timezones.zone_in_use()
    text = form.get("until", "").strip()
    if length := _LENGTH.fullmatch(text):
        found: datetime | None = now() + int(length[1]) * _UNITS[length[2]]
    elif text == "tomorrow":
        found = tomorrow(zone)
    else:
        found = _moment(form.get("at", "").strip() if text == "at" else text, zone)
    return found if found and found > now() else None


def offer() -> Offer:
    """What the menu offers now: the time that was chosen before, else one in some hours."""
    zone = timezones.zone_in_use()
    here = now().astimezone(zone).replace(tzinfo=None, microsecond=0, second=0)
    evening = (here + timedelta(hours=4)).replace(minute=0)
    chosen = request.args.get("at", "")[:16]
    return Offer(zone, chosen or evening.isoformat("T", "minutes"), here.isoformat("T", "minutes"))


def tomorrow(zone: ZoneInfo) -> datetime:
    """08:00 of the next day in this zone."""
    day = now().astimezone(zone).date() + timedelta(days=1)
    return timezones.resolve(datetime.combine(day, MORNING), zone)


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    found = timezones.clock_time(text)
    if found is None:
        return None
    found = found.astimezone(UTC) if found.tzinfo else timezones.resolve(found, zone)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)
