"""Calls of the API and commands: who does the same again within an hour makes no new entry."""

from datetime import timedelta
from time import monotonic

from flask import Flask, current_app

from webhooks_ui.audit import actor as actors
from webhooks_ui.audit.recording import record_once

AGAIN = timedelta(hours=1)
_KEPT = 60.0  # seconds that this process remembers a call
_TRIED_AGAIN = 1.0  # and one that a busy database did not take: nobody waits for it each time
_MAX_ENTRIES = 1_000
_KEY = "webhooks_ui.calls"

Call = tuple[str | None, str | None, str]  # the token's id, the address, the operation


def init_app(app: Flask) -> None:
    """Remembers nothing yet."""
    app.extensions[_KEY] = {}


def called(operation: str) -> None:
    """Records that the current actor calls this operation, as in ``GET /api/v1/webhooks``.

    Most calls cost no look into the database.
    """
    call = actors.current().id, actors.address(), operation
    if is_recorded(current_app, *call):
        return
    is_written = record_once("operation.called", "operation", operation, within=AGAIN)
    lately = _lately(current_app)
    if len(lately) >= _MAX_ENTRIES:
        lately.clear()
    lately[call] = monotonic() + (_KEPT if is_written else _TRIED_AGAIN)


def is_recorded(app: Flask, token: str | None, address: str | None, operation: str) -> bool:
    """Whether there is nothing to record of this call for now, as far as this process knows."""
    return monotonic() < _lately(app).get((token, address, operation), 0.0)


def command_run(command: str, *, runs_on: bool = False) -> None:
    """Records that a command is run, as in ``user list``; of one that `runs_on`, each start."""
    within = timedelta() if runs_on else AGAIN
    record_once("command.run", "command", command, within=within, actor=actors.command_line())


def _lately(app: Flask) -> dict[Call, float]:
    """Until when, on the monotonic clock, the same call is not recorded again."""
    found: dict[Call, float] = app.extensions[_KEY]
    return found
