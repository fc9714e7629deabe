"""The context of a trace as W3C Trace Context (Recommendation, 2021) has it in `traceparent`."""

import re

_PARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(header: str | None) -> str | None:
    """The value to pass on; None for one that is invalid, which is to be ignored (§3.2.1)."""
    text = (header or "").strip()
    return text if _PARENT.fullmatch(text) else None
