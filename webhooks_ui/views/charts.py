"""Drawings of what was sent, as SVG: 24 slots in a row of the list, bars on a webhook's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, webhook_chart
from webhooks_ui.models.health_counts import HOUR, HOURS, day_began
from webhooks_ui.models.webhook_chart import SPANS, Slot
from webhooks_ui.web import timezones
from webhooks_ui.web.i18n import language
from webhooks_ui.web.localised import number

SPAN_LABELS = {"24h": _l("24 h"), "7d": _l("7 d"), "30d": _l("30 d")}
_FORMS = {"24h": ("HH:mm", "HH:mm", 4), "7d": ("EEE", "EEE, d MMM, HH:mm", 4)}
_DAYS = ("d MMM", "d MMM", 6)
"""How a label of the axis and a slot are written, and how many slots a label has."""
_STEP, _WIDTH, _HEIGHT = 10, 8, 100  # from one bar to the next, of a bar, of the box; in SVG units

GOOD, HALF = 0.95, 0.5
"""From which share of successes on an hour is good, and half good."""


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


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths by tone, in a box of `width` by 100; `slots` are those with attempts."""

    paths: dict[str, str]
    width: int
    top: int
    labels: Sequence[str]
    slots: Sequence[tuple[int, str, Slot]]  # with where each stands


def context(webhook: Webhook, asked: str | None) -> dict[str, Any]:
    """What the card with the chart shows of a span; the last 24 hours unless another is asked."""
    name = asked if asked in SPANS else "24h"
    found = webhook_chart.chart(webhook.id, SPANS[name], now(), timezones.zone_in_use())
    errors = webhook_chart.errors(webhook.id, found.slots[0].began)
    return {
        "span": name,
        "spans": SPAN_LABELS,
        "sums": found.sums,
        "drawing": draw(found.slots, name),
        "kinds": errors,
        "most_kinds": webhook_chart.MAX_ERRORS,
    }


def draw(slots: Sequence[Slot], name: str) -> Drawing:
    """The bars: delivered at once at the foot, after a retry on it, failed on top."""
    top = axis_end(max(slot.attempts for slot in slots))
    on_axis, in_full, each = _FORMS.get(name, _DAYS)
    paths = {"good": "", "wait": "", "bad": ""}
    for place, slot in enumerate(slots):
        foot = float(_HEIGHT)
        for tone, count in zip(paths, (slot.at_once, slot.retried, slot.failed), strict=True):
            high = count * _HEIGHT / top
            if count:
                x = place * _STEP + (_STEP - _WIDTH) / 2
                paths[tone] += f"M{x:g} {foot:.2f}h{_WIDTH}v-{high:.2f}h-{_WIDTH}z"
            foot -= high
    return Drawing(
        paths=paths,
        width=len(slots) * _STEP,
        top=top,
        labels=[_written(slot.began, on_axis) for slot in slots[::each]],
        slots=[
            (place * _STEP, _written(slot.began, in_full), slot)
            for place, slot in enumerate(slots)
            if slot.attempts
        ],
    )


def axis_end(most: int) -> int:
    """The end of an axis on which `most` has room, and the middle is a whole number."""
    scale = 1
    while most > 10 * scale:
        scale *= 10
    return next(step * scale for step in (2, 4, 6, 8, 10) if most <= step * scale)


def slot_words(slot: Slot) -> str:
    """A slot in words, as mouse and finger find them on its bar."""
    return str(
        _(
            "%(at_once)s delivered at once, %(retried)s after a retry, %(failed)s failed",
            at_once=number(slot.at_once),
            retried=number(slot.retried),
            failed=number(slot.failed),
        )
    )


def _written(moment: datetime, form: str) -> str:
    return _by_babel(moment, form, timezones.zone_in_use(), language())


@lru_cache(maxsize=4096)
def _by_babel(moment: datetime, form: str, zone: ZoneInfo, language: str) -> str:
    """Babel is slow, and every look at a chart asks for the same moments."""
    return dates.format_datetime(moment, form, tzinfo=zone, locale=language)
