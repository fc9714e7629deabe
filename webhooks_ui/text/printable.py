"""Text from outside, made safe for a terminal and a log line."""


def visible(text: str) -> str:
    """Escapes what could control a terminal, break a line or stay invisible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(text: str, limit: int = 80) -> str:
    """`visible(text)` in quotes, cut off after `limit` characters."""
    shown = visible(text)
    return f"'{shown if len(shown) <= limit else f'{shown[:limit]}…'}'"
