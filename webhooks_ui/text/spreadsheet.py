"""CSV as spreadsheets open it: the right characters, the right columns, and no formula."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

BOM = "\ufeff"  # without it Excel reads UTF-8 as a code page
SEPARATORS = {"comma": ",", "semicolon": ";"}
_FLUSH = 16_384  # characters
_FORMULA = frozenset("=+-@−")  # OWASP, CSV injection; after NFKC, which full-width forms lose to
_CONTROLS = ("\t", "\r", "\n")
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})  # Unicode categories; Cf has zero-width ones


def rows(
    columns: Sequence[str], records: Iterable[Mapping[str, Any]], separator: str = ","
) -> Iterator[str]:
    """A table with its header, in parts."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.DictWriter(text, columns, delimiter=separator)
    writer.writeheader()  # also of an empty table: it names the columns
    for record in records:
        writer.writerow({name: _cell(value) for name, value in record.items()})
        if text.tell() > _FLUSH:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def disarmed(text: str) -> str:
    """The text, after an apostrophe when a spreadsheet might run it as a formula."""
    seen = next((sign for sign in text if unicodedata.category(sign) not in _UNSEEN), "")
    starts = unicodedata.normalize("NFKC", seen)[:1] in _FORMULA if seen else False
    return f"'{text}" if starts or text.startswith(_CONTROLS) else text


def file_name(parts: Iterable[str], ending: str) -> str:
    """A file name made of words: “deliveries-failed-2026-11-28.csv”, 120 characters at most."""
    words = (re.sub(r"[^\w.+-]+", "-", part).strip("-.") for part in parts)
    return f"{'-'.join(word[:40] for word in words if word)[:110]}.{ending}"


def _cell(value: Any) -> Any:
    """What stands in a cell; objects are JSON."""
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return disarmed(value) if isinstance(value, str) else value
