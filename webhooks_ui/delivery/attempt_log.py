"""Logs each attempt with the ids by which it is found in other systems' logs.

A failure is `info`, one that disables its webhook `warning`, a success `debug`, since a busy worker
has a thousand a second. URLs, headers and bodies are left out, since they hold secrets.
"""

import logging
from typing import Any

from webhooks_ui.delivery.queue.claims import AttemptRecord, Job
from webhooks_ui.delivery.retry import Decision

log = logging.getLogger("webhooks_ui.attempts")


def log_attempt(job: Job, attempt: AttemptRecord, decision: Decision) -> None:
    """Logs an attempt and the decision that follows from it."""
    error, level = attempt.error, logging.DEBUG
    if error:
        level = logging.WARNING if decision.disable else logging.INFO
    if not log.isEnabledFor(level):
        return
    due_at = decision.due_at
    facts = {
        "delivery": job.public_id,
        "webhook": job.webhook_public_id,
        "event": job.event.public_id,
        "type": job.event.type,
        "attempt": attempt.number,
        "status_code": attempt.status_code,
        "error": error,
        "ms": attempt.duration_ms,
        "notes": attempt.notes,
        "status": decision.status,
        "next_attempt_at": due_at.isoformat(timespec="seconds") if due_at else None,
        "disabled": decision.disable,
    }
    log.log(level, "%s", _message(facts), extra={"facts": facts})


def _message(facts: dict[str, Any]) -> str:
    came = facts["error"] or "succeeded"
    if facts["status_code"]:
        came += f" ({facts['status_code']})"
    then = ""
    if facts["next_attempt_at"]:
        then = f", again at {facts['next_attempt_at']}"
    elif facts["status"] == "failed":
        then = ", given up"
    if facts["disabled"]:
        then += f", webhook disabled: {facts['disabled']}"
    return (
        f"{facts['delivery']} of {facts['event']} to {facts['webhook']}:"
        f" attempt {facts['attempt']} {came} in {facts['ms']} ms{then}"
    )
