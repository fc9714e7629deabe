"""Names of environment variables, made of what people chose."""

import re


def variable_name(words: str, ending: str) -> str:
    """``CRM_WEBHOOK_SECRET`` of ``CRM``; the ending alone of words without ASCII letters."""
    found = re.sub(r"[^0-9A-Z]+", "_", words.upper()) if words.isascii() else ""
    beginning = found.strip("_")[:40]
    return f"{beginning}_{ending}" if beginning[:1].isalpha() else ending
