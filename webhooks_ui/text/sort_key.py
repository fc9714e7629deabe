"""Keys by which names are sorted: by the alphabet, as bytes that every database compares alike.

The Unicode Collation Algorithm (UTS #10) as pyuca has it, with the letters that CLDR adds for
Ukrainian. Stored keys belong to this algorithm: whoever changes it writes a migration that makes
them again.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from webhooks_ui.text.folding import folded

MAX_KEY_BYTES = 240
_MAX_CHARACTERS = 100
# Letters of their own in Ukrainian, each after all that begins with the other (CLDR, uk).
_LETTERS = {"ґ": "г", "і\u0308": "і"}
_LAST = [0xFFFF, 0x20, 0x2]  # a weight behind every letter
_RANGES = re.compile(rb"@implicitweights (\w+)\.\.(\w+); (\w+)")
_WEIGHTS = re.compile(rb"\[[*.](\w+)\.(\w+)\.(\w+)")


def sort_key(name: str) -> bytes:
    """The key of a name; an apostrophe does not count, as in Ukrainian dictionaries."""
    plain = folded(name[:_MAX_CHARACTERS]).replace("'", "")
    weights = _collator().sort_key(plain)
    return b"".join(weight.to_bytes(2, "big") for weight in weights)[:MAX_KEY_BYTES]


@cache
def _collator() -> Any:
    """A collator that reads of its table what the names have that it meets.

    To read all of it takes a third of a second, for which nobody could write, and 13 MB.
    """
    from pyuca import Collator

    class Lazy(Collator):  # type: ignore[misc]  # pyuca has no types
        def load(self, filename: str) -> None:
            self._file, self._known, self._lock = Path(filename), set[str](), Lock()
            ranges = _RANGES.findall(self._file.read_bytes())
            self.implicit_weights = [_numbers(one) for one in ranges]

        def collation_elements(self, normalized_string: str) -> Any:
            if new := {*normalized_string} - self._known:
                with self._lock:
                    self._learn(new)
            return super().collation_elements(normalized_string)

        def _learn(self, characters: set[str]) -> None:
            """Reads what begins with these: every look-up begins with a character of the name."""
            wanted = {b"%-5s" % (b"%04X" % ord(one)) for one in characters}
            for line in self._file.read_bytes().splitlines():
                if line[:5] in wanted:
                    key, _, rest = line.partition(b";")
                    found = [_numbers(one) for one in _WEIGHTS.findall(rest)]
                    self.table.add(_numbers(key.split()), found)
            self._known |= characters

    collator = Lazy()
    # What the table says of them is read before it is replaced.
    collator.collation_elements("".join(map("".join, _LETTERS.items())))
    for letter, before in _LETTERS.items():
        weights = collator.collation_elements(before)
        collator.table.add([ord(each) for each in letter], [*weights, _LAST])
    return collator


def _numbers(written: Iterable[bytes]) -> list[int]:
    return [int(one, 16) for one in written]
