"""The chart of a webhook's page: what was sent, as bars of an SVG over an axis of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webhooks_ui.database.types import now
from webhooks_ui.models import Webhook, webhook_chart
from webhooks_ui.models.webhook_chart import SPANS, Slot
from webhooks_ui.web import timezones
from webhooks_ui.web.i18n import language
from webhooks_ui.web.localised import number

SPAN_LABELS = {"24h": _l("24 h"), "7d": _l("7 d"), "30d": _l("30 d")}
_FORMS = {"24h": ("HH:mm", "HH:mm", 4), "7d": ("EEE", "EEE, d MMM, HH:mm", 4)}
_DAYS = ("d MMM", "d MMM", 6)
"""How a label of the axis and a slot are written, and how many slots a label has."""
_STEP, _WIDTH, _HEIGHT = 10, 8, 100  # from one bar to the next, of a bar, of the box; in SVG units


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


def told(slot: Slot) -> str:
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
