"""Keys by which names are sorted: by the alphabet, as bytes that every database compares alike.

The Unicode Collation Algorithm (UTS #10) as pyuca has it, with the letters that CLDR adds for
Ukrainian. Stored keys belong to this algorithm: whoever changes it writes a migration that makes
them anew.
"""

from functools import cache
from typing import Any

from webhooks_ui.text.folding import folded

MOST_BYTES = 240
_MOST_CHARACTERS = 100
# Letters of their own in Ukrainian, each after all that begins with the other (CLDR, uk).
_LETTERS = {"ґ": "г", "і\u0308": "і"}
_LAST = [0xFFFF, 0x20, 0x2]  # a weight behind every letter


def sort_key(name: str) -> bytes:
    """The key of a name; an apostrophe does not count, as in Ukrainian dictionaries."""
    plain = folded(name[:_MOST_CHARACTERS]).replace("'", "")
    weights = _collator().sort_key(plain)
    return b"".join(weight.to_bytes(2, "big") for weight in weights)[:MOST_BYTES]


@cache
def _collator() -> Any:
    """Read once, which takes a third of a second and 13 MB; lists need no collator."""
    from pyuca import Collator

    collator = Collator()
    for letter, before in _LETTERS.items():
        weights = collator.collation_elements(before)
        collator.table.add([ord(each) for each in letter], [*weights, _LAST])
    return collator
