"""The parts of URLs that clients send."""

from urllib.parse import SplitResult, urlsplit


def url_parts(text: str | None) -> SplitResult:
    """The parts of a URL; all of them empty where it cannot be read, as `http://[`."""
    try:
        return urlsplit(text or "")
    except ValueError:
        return SplitResult("", "", "", "", "")
