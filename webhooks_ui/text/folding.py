"""One folding for what is stored to be searched and for what is asked."""

import unicodedata

MAX_CHARACTERS = 16_384
MAX_MARKS = 30  # in a row: the Stream-Safe Text Format (UAX #15 §13), as no language needs more


def composed(text: str) -> str:
    """The text in NFC, so that й typed as two characters is the same as й.

    Sorting a row of combining marks takes the square of its length, so a text with more than
    `MAX_MARKS` in a row, or of more than `MAX_CHARACTERS`, stays as it is.
    """
    if text.isascii() or len(text) > MAX_CHARACTERS:
        return text
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MAX_MARKS:
            return text
    return unicodedata.normalize("NFC", text)


# Ukrainian is typed with any of these apostrophes; U+02BC is the letter of the standard.
_APOSTROPHES = "’ʼ‘`´′ʹ＇"
# Shown as a space, or not at all: zero-width, soft hyphen, directional marks, emoji style.
_SPACES = "\u00a0\u2002\u2003\u2007\u2009\u202f"
_UNSEEN = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufe0f\ufeff"
_SAME: dict[str, str | None] = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys(_UNSEEN, None),
}
_TABLE = str.maketrans(_SAME)


def folded(text: str) -> str:
    """The text without what people do not tell apart: case, apostrophes, composition, spaces."""
    if text.isascii():
        return text.lower().replace("`", "'")
    return composed(composed(text).casefold()).translate(_TABLE)
