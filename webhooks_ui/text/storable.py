"""What texts and numbers the databases take, in their columns and in JSON."""

import math
import re

from flask_babel import lazy_gettext as _l

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes no NUL, UTF-8 no lone surrogate
UNSTORABLE = _l("Take the NUL character or the half of a surrogate pair out of this.")


def is_storable(text: str) -> bool:
    """Whether a column can hold it."""
    return not _UNSTORABLE.search(text)


def is_finite(number: float) -> bool:
    """Whether it is a number that JSON has and that can be compared with a float."""
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer of more than 308 digits
        return False
