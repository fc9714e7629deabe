"""Short names for User-Agent headers, such as ``Firefox, Linux``."""

import re

# The first match wins: most browsers also name Safari, many name Chrome.
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
    """Browser and system, else the first product of the header; empty when there is none."""
    agent = user_agent or ""
    named = [_first(table, agent) for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, named)) or agent.split("/")[0].strip()[:40]


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, agent)), "")
