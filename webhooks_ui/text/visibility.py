"""What of a text can be seen, and what turns the text around it."""

from unicodedata import bidirectional, category

# UAX #9 §2: embeddings, overrides and isolates, which reach beyond the text that they stand in.
# The marks U+200E, U+200F and U+061C do not, and names in Hebrew and Arabic need them.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters and symbols without ink: fillers of Hangul, an empty braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def is_visible(text: str) -> bool:
    """Whether any character leaves ink: spaces, marks and formats alone do not."""
    return any(_has_ink(each) for each in text)


def _has_ink(character: str) -> bool:
    kind = category(character)
    if kind == "Cn":  # also an emoji that is newer than this Python
        return "\U00010000" <= character < "\U000e0000"
    return (kind[0] in "LNPS" and character not in _BLANK) or kind == "Co"


def has_controls(text: str) -> bool:
    """Whether a line break, a control character or half of a pair is in it."""
    return any(category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)


def turns_direction(text: str) -> bool:
    """Whether it changes the direction of what stands beside it."""
    return not _TURNS.isdisjoint(text)


def isolated(text: str) -> str:
    """The text for a plain sentence, which is not turned by it (UAX #9 §2.7)."""
    if text.isascii():
        return text
    kept = "".join(each for each in text if each not in _TURNS)
    runs_left = any(bidirectional(each) in ("R", "AL") for each in kept)
    return f"\u2068{kept}\u2069" if runs_left else kept


def visible(text: str) -> str:
    """Escapes what could control a terminal, break a line or stay invisible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


_MAX_QUOTED = 80  # characters


def quoted(text: str) -> str:
    """`visible(text)` in quotes, cut off where it is long."""
    shown = visible(text)
    return f"'{shown if len(shown) <= _MAX_QUOTED else f'{shown[:_MAX_QUOTED]}…'}'"
