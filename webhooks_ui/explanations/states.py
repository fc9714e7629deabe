"""The states of a webhook, by exact rules, in the order in which they are looked for.

``disabled``: it is switched off. ``paused``: it is, until a time to come. ``failing``: the last
attempt failed, or all have since `failing_since`. ``degraded``: of the first attempts that were
made for it in the last 24 hours under 95 % delivered, with at least 20 attempts in all.
``working``: the last attempt was accepted. ``untested``: there was none.

Pages call ``working`` only what has had an event within these 24 hours: of the others they say
since when there was none (`is_silent`). Tabs, filters and the API count both as ``working``.

An attempt that the receiver put off (429, Retry-After) has failed as a first attempt, but makes no
webhook ``failing``. The 24 hours are those of the list: full hours and the present one. Tests
count in ``failing`` and ``working``, not in ``degraded``.
"""

from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

State = Literal["working", "degraded", "failing", "paused", "disabled", "untested"]
RANKED: tuple[State, ...] = ("failing", "degraded", "working", "untested", "paused", "disabled")
"""All of them, what needs attention first."""
ATTENTION: tuple[State, ...] = ("failing", "degraded")
GROUPS: dict[str, tuple[State, ...]] = {
    "attention": ATTENTION,
    "working": ("working",),
    "idle": ("untested", "paused", "disabled"),
}
"""The groups of the list, in its order."""
GROUP_LABELS: dict[str, LazyString] = {
    "attention": _l("Needs attention"),
    "working": _l("Working"),
    "idle": _l("Not receiving"),
}
LABELS: dict[str, LazyString] = {
    "failing": _l("Failing"),
    "degraded": _l("Degraded"),
    "working": _l("Working"),
    "untested": _l("Not tested"),
    "paused": _l("Paused"),
    "disabled": _l("Disabled"),
}
ENOUGH_ATTEMPTS = 20
GOOD_PERCENT = 95


def state(
    *,
    enabled: bool,
    is_paused: bool,
    failing_since: datetime | None,
    last_succeeded: bool | None,
    degraded: bool,
) -> State:
    """The state of a webhook with these facts."""
    if not enabled:
        return "disabled"
    if is_paused:
        return "paused"
    if failing_since or last_succeeded is False:
        return "failing"
    if degraded:
        return "degraded"
    return "working" if last_succeeded else "untested"


def is_degraded(attempts: int, first_attempts: int, first_delivered: int) -> bool:
    """Whether these counts of the last 24 hours are under the mark.

    Of hours before first attempts were counted only the attempts are known: they show nothing.
    """
    if attempts < ENOUGH_ATTEMPTS or not first_attempts:
        return False
    return first_delivered * 100 < first_attempts * GOOD_PERCENT


def is_silent(
    state: State, *, attempted: bool, last_event: datetime | None, day_began: datetime
) -> bool:
    """Whether a webhook works and has heard nothing since the last 24 hours began.

    `attempted`: an event was sent to it since then, if only once more. `last_event`: when its
    newest one came, which may still wait. Tests count in neither.
    """
    is_waiting = last_event is not None and last_event >= day_began
    return state == "working" and not attempted and not is_waiting


def group_of(state: str) -> str:
    """The group that lists webhooks in this state."""
    return next(name for name, states in GROUPS.items() if state in states)
