"""Whole numbers as URLs and forms have them."""

MAX_DIGITS = 18  # a column holds 18 and some of 19; Python refuses to read more than 4,300


def whole_number(text: str | None, digits: int = MAX_DIGITS) -> int | None:
    """The number that is written, in ASCII and with so many digits at most; None for no such."""
    if not text or len(text) > digits or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)
