"""The last 24 hours as 24 equal slots of an SVG, coloured by share, and their figures in words."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from markupsafe import Markup

from webhooks_ui.models.health_counts import HOUR, HOURS, day_began
from webhooks_ui.web import timezones
from webhooks_ui.web.localised import number

GOOD, HALF = 0.95, 0.5


def clock(moment: datetime) -> list[str]:
    """When each of the 24 hours began, on the reader's clock; the present one is last."""
    zone, began = timezones.zone_in_use(), day_began(moment)
    hours = (began + number * HOUR for number in range(HOURS))
    return [f"{hour.astimezone(zone):%H:%M}" for hour in hours]


def slots(hours: Sequence[tuple[int, int]]) -> Markup:
    """Upright lines in a box of 24 by 18: a path for each tone."""
    return _slots(tuple(tone(*counts) for counts in hours))


@lru_cache(maxsize=1024)  # most hours of most webhooks are of one tone
def _slots(tones: tuple[str, ...]) -> Markup:
    places = {one: [place for place, own in enumerate(tones) if own == one] for one in tones}
    paths = (
        f'<path class="{one}" d="{"".join(f"M{place} 0v18" for place in mine)}"/>'
        for one, mine in places.items()
    )
    return Markup("".join(paths))  # noqa: S704  # figures and tones


def figures(hours: Sequence[tuple[int, int]], clock: Sequence[str]) -> Markup:
    """A list's items, one for each hour in which something was sent: “14:00 12/13”,
    and where nothing failed “15:00 13”."""
    both = zip(clock, hours, strict=True)
    found = (_item(began, good, bad) for began, (good, bad) in both if good or bad)
    return Markup("".join(found))  # noqa: S704  # figures and times of day


def tone(good: int, bad: int) -> str:
    """The tone of an hour: by the share of its attempts that succeeded."""
    if not good + bad:
        return "off"
    share = good / (good + bad)
    return "good" if share >= GOOD else "wait" if share >= HALF else "bad"


@lru_cache(maxsize=4096)
def _item(began: str, good: int, bad: int) -> str:
    return f"<li>{began} <b>{_figure(good, bad)}</b></li>"


def _figure(good: int, bad: int) -> str:
    return f"{number(good)}/{number(good + bad)}" if bad else number(good)
