"""A stored request as HTTP/1.1 writes it, to compare, or to paste where signatures are checked."""

from collections.abc import Iterable, Sequence

from webhooks_ui.text.url_parts import url_parts


def raw_request(url: str, headers: Iterable[Sequence[str]], body: str, method: str = "POST") -> str:
    """Request line, headers and body, with line feeds instead of CRLF; secrets are masked."""
    parts = url_parts(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\n".join([*lines, "", body])
