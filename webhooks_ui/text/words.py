"""The words of a payload, as search knows them; the same for what is indexed and what is sought.

A word is a run of letters, digits and underscores in Unicode's normal form NFKC, without case. A
telephone number written with spaces, as ``+380 (50) 123-45-67``, is one word more: its digits.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unicodedata import normalize

MAX_WORDS = 2_000  # distinct ones of a payload; what is beyond is not found
MAX_LENGTH = 64  # characters; longer words are cut, also where they are sought
MAX_SOUGHT = 8
_WORD = re.compile(r"\w+")
_PHONE = re.compile(r"\+\d[\d ().\-]{5,20}\d")


def of_payload(data: bytes) -> list[str]:
    """The distinct words of the values of a JSON document, or of any other text."""
    text = data.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):  # no JSON: all of the text
        text = "\n".join(_values(json.loads(text, parse_int=str, parse_float=str)))
    return _distinct(text)[:MAX_WORDS]


def sought(text: str) -> list[str]:
    """The distinct words that are searched for, `MAX_SOUGHT` at most."""
    return _distinct(_PHONE.sub(lambda found: _digits(found[0]), text))[:MAX_SOUGHT]


def may_go_on(word: str) -> bool:
    """Whether a sought word also stands for longer ones: a number is meant whole."""
    return len(word) >= 3 and not any(letter.isdigit() for letter in word)


def _distinct(text: str) -> list[str]:
    plain = text.lower() if text.isascii() else normalize("NFKC", text).casefold()
    phones = map(_digits, _PHONE.findall(plain)) if "+" in plain else ()
    found = dict.fromkeys((*phones, *_WORD.findall(plain)))
    return list(dict.fromkeys(word[:MAX_LENGTH] for word in found))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))[:MAX_LENGTH]


def _values(document: Any) -> Iterator[str]:
    """The strings and numbers of a document, in its order; the names of fields are left out."""
    rest = [document]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            rest.extend(reversed(value))
        elif isinstance(value, dict):
            rest.extend(reversed(value.values()))
