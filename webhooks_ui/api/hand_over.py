"""What the way of plain events has come to before it left a request to the app."""

from collections.abc import MutableMapping
from typing import Any

from webhooks_ui.intake.event import Refusal

_KEY = "webhooks_ui.intake_outcome"


def hand_over(environ: MutableMapping[str, Any], outcome: Refusal | Exception) -> None:
    """Lets the app say this instead of taking the event in once more."""
    environ[_KEY] = outcome


def outcome_before(environ: MutableMapping[str, Any]) -> Refusal | None:
    """The refusal that was handed over, if any; raises the error that was."""
    outcome: Refusal | Exception | None = environ.pop(_KEY, None)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
