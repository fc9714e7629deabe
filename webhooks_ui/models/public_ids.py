"""Public identifiers: a prefix that names the noun and a ULID, so that they sort by time of making.

Shape: ``wh_01jk3n8q5w…``: prefix, underscore, 26 characters of lower-case Crockford base 32.
"""

import re

from ulid import ULID

WEBHOOK, CHANNEL, EVENT, DELIVERY, RECOVERY = "wh", "ch", "evt", "dlv", "rcv"
TOKEN, SOURCE, BULK = "tok", "src", "blk"
_ULID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"


def new_id(prefix: str) -> str:
    """A new identifier of the noun that `prefix` stands for."""
    return f"{prefix}_{str(ULID()).lower()}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of an identifier made by `new_id(prefix)`."""
    return re.fullmatch(f"{prefix}_{_ULID}", text) is not None
