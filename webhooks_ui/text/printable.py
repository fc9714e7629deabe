"""Text from outside, made fit for a terminal and a log line."""


def visible(text: str) -> str:
    """The text with everything escaped that could steer a terminal, break a line or hide."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(text: str, limit: int = 80) -> str:
    """`visible(text)` in quotation marks, cut off after `limit` characters."""
    shown = visible(text)
    return f"'{shown if len(shown) <= limit else f'{shown[:limit]}…'}'"
