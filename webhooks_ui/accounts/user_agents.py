"""A browser in words a person knows: ``Firefox, Linux`` instead of its User-Agent header."""

import re

# The first that matches counts: nearly every browser also claims to be Safari, many to be Chrome.
_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Vivaldi/", "Vivaldi"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"CriOS/|Chrome/|Chromium/", "Chrome"),
    (r"Version/.+Safari/", "Safari"),
)
_SYSTEMS = (
    (r"Android", "Android"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def in_words(user_agent: str | None) -> str:
    """Browser and system, or a program's own name where it is no browser; empty when unknown."""
    agent = user_agent or ""
    named = [_first(table, agent) for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, named)) or agent.split("/")[0].strip()[:40]


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, agent)), "")
