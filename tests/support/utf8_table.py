"""Hypothesis' table of the characters that UTF-8 can encode, which it takes three seconds to find.

In a new checkout each process of a run would. Where Hypothesis keeps it elsewhere one day, the file
is not looked at.
"""

import gzip
import json
import os
import sys
import unicodedata
from pathlib import Path

ALL_BUT_SURROGATES = [[0, 0xD7FF], [0xE000, sys.maxunicode]]


def store(folder: Path) -> None:
    """Puts the table into the folder in which Hypothesis keeps such things."""
    name = f"unicode_data/{unicodedata.unidata_version}/codec-v2-utf-8.json.gz"
    if (folder / name).exists():
        return
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    new = folder / f"{name}.{os.getpid()}"
    new.write_bytes(gzip.compress(json.dumps([ALL_BUT_SURROGATES, []]).encode(), mtime=1))
    new.replace(folder / name)
