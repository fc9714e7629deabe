"""What the way of plain requests has come to before it left a request to the app."""

from collections.abc import MutableMapping
from typing import Any

_KEY = "webhooks_ui.intake_outcome"


def hand_over(environ: MutableMapping[str, Any], outcome: object) -> None:
    """Lets the app say this, or raise it, instead of taking the request in once more."""
    environ[_KEY] = outcome


def outcome_before(environ: MutableMapping[str, Any]) -> Any:
    """What was handed over, if anything; raises the error that was."""
    outcome = environ.pop(_KEY, None)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
