"""A stored request as text to copy: a curl command, or HTTP/1.1."""

import shlex
from collections.abc import Iterable, Sequence

from webhooks_ui.authorization.base import MASK
from webhooks_ui.text.url_parts import url_parts

SET_BY_CURL = ("host", "content-length", "accept-encoding")


def curl_command(
    url: str, headers: Iterable[Sequence[str]], body: str, method: str = "POST"
) -> str:
    """The command that sends `body`, with ``$TOKEN`` in place of a masked secret.

    Receivers refuse it after five minutes, since its signature holds for its timestamp only.
    """
    lines = [f"curl -X {method} {shlex.quote(url)}"]
    lines += [
        f"-H {_header(name, value)}" for name, value in headers if name.lower() not in SET_BY_CURL
    ]
    lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines)


def _header(name: str, value: str) -> str:
    text = f"{name}: {value}"
    if MASK not in value:
        return shlex.quote(text)
    before, _, after = text.partition(MASK)
    return f'{shlex.quote(before)}"$TOKEN"{shlex.quote(after) if after else ""}'


def raw_request(url: str, headers: Iterable[Sequence[str]], body: str, method: str = "POST") -> str:
    """Request line, headers and body, with line feeds instead of CRLF; secrets are masked."""
    parts = url_parts(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\n".join([*lines, "", body])
