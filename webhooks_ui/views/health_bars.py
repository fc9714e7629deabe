"""The attempts of each hour as bars of an SVG, succeeded ones on top of failed ones."""

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt

_WIDTH, _STEP, _HEIGHT = 3, 4, 24  # of a bar, from one to the next, of the box; in SVG units


def paths(hours: Sequence[tuple[int, int]]) -> tuple[str, str]:
    """Paths of the succeeded and of the failed attempts, in a box of 95 by 24 for 24 hours."""
    most = max(good + bad for good, bad in hours)
    good_path, bad_path = "", ""
    for number, (good, bad) in enumerate(hours):
        low = _height(bad, most) if bad else 0
        if low:
            bad_path += _bar(number, _HEIGHT, low)
        if good:
            good_path += _bar(number, _HEIGHT - low, min(_height(good, most), _HEIGHT - low))
    return good_path, bad_path


@lru_cache(maxsize=4096)
def _height(count: int, most: int) -> int:
    """Grows with the root, so that a quiet hour is still seen beside a busy one."""
    return max(2, round(_HEIGHT * sqrt(count / most)))


@lru_cache(maxsize=4096)
def _bar(number: int, foot: int, height: int) -> str:
    return f"M{number * _STEP} {foot}v-{height}h{_WIDTH}v{height}z"
