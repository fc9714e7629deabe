"""Who acts: the user or the token of a request, the command line, or the program by itself."""

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import Flask, current_app, has_request_context, request

_KEY = "webhooks_ui.actor"  # of a request's environ, and of an app's extensions


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is a login, the name of a token or a source, or who ran a command by the system."""

    kind: Literal["user", "token", "source", "command", "system", "nobody"]
    id: str | None = None
    name: str = ""
    session_id: int | None = None


NOBODY, SYSTEM = Actor("nobody"), Actor("system")


def is_here(actor: Actor) -> None:
    """From here on the request is this actor's."""
    request.environ[_KEY] = actor


def is_command_line(app: Flask) -> None:
    """What this app does, somebody does on the command line."""
    app.extensions[_KEY] = command_line()


def command_line() -> Actor:
    """Who runs this process, by the operating system's name."""
    try:
        name = getpass.getuser()[:200]
    except (KeyError, OSError):  # a container's user need not have a name
        name = str(os.getuid())
    return Actor("command", name=name)


def current() -> Actor:
    """Who acts now."""
    if has_request_context():
        found: Actor = request.environ.get(_KEY, NOBODY)
        return found
    outside: Actor = current_app.extensions.get(_KEY, SYSTEM)
    return outside


def address() -> str | None:
    """The address that the request came from; None outside of one."""
    return address_in(request.environ) if has_request_context() else None


def address_in(environ: Mapping[str, Any]) -> str | None:
    """The same from the environment of a WSGI request."""
    return environ.get("REMOTE_ADDR", "")[:45] or None
