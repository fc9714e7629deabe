"""A stored request as a curl command to paste into a shell."""

import shlex
from collections.abc import Iterable, Sequence

from webhooks_ui.authorization.base import MASK

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
