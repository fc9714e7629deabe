"""Unicode's composed form, in bounded time."""

import unicodedata

MOST_CHARACTERS = 16_384
MOST_MARKS = 30  # in a row: the Stream-Safe Text Format (UAX #15 §13), as no language needs more


def composed(text: str) -> str:
    """The text in NFC, so that й typed as two characters is the same as й.

    Sorting a row of combining marks takes the square of its length, so a text with more than
    `MOST_MARKS` in a row, or of more than `MOST_CHARACTERS`, stays as it is.
    """
    if text.isascii() or len(text) > MOST_CHARACTERS:
        return text
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MOST_MARKS:
            return text
    return unicodedata.normalize("NFC", text)
