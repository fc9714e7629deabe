"""A stored request as a curl command that can be pasted into a shell."""

import shlex
from collections.abc import Iterable, Sequence

from webhooks_ui.authorization.kinds import MASK

CURLS_OWN = ("host", "content-length", "accept-encoding")  # curl sets these itself


def curl_command(url: str, headers: Iterable[Sequence[str]], body: str) -> str:
    """The command for POSTing `body`; where a secret was masked it reads ``$TOKEN``.

    A signature holds for its own moment only: receivers refuse a replay after five minutes.
    """
    lines = [f"curl -X POST {shlex.quote(url)}"]
    lines += [
        f"-H {_header(name, value)}" for name, value in headers if name.lower() not in CURLS_OWN
    ]
    lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines)


def _header(name: str, value: str) -> str:
    text = f"{name}: {value}"
    if MASK not in value:
        return shlex.quote(text)
    before, _, after = text.partition(MASK)
    return f'{shlex.quote(before)}"$TOKEN"{shlex.quote(after) if after else ""}'
