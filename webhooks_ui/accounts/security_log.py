"""The log of sign-ins and of what changes who may enter (ASVS 5, 16.3.1): `webhooks_ui.security`.

A login is never written as it was typed: people type passwords into that field.
"""

import logging

from flask import has_request_context, request

from webhooks_ui.monitoring.logs import WHO

_log = logging.getLogger("webhooks_ui.security")


def done(what: str, user_id: int) -> None:
    """Logs a success; from here on the request is `user_id`'s."""
    if has_request_context():
        request.environ[WHO] = f"user:{user_id}"
    _write(logging.INFO, what, f"user:{user_id}")


def refused(why: str, user_id: int | None) -> None:
    """Logs a refusal; `user_id` is None where there is no such user."""
    _write(logging.WARNING, why, f"user:{user_id}" if user_id else "unknown user")


def noted(what: str) -> None:
    """Logs what the request's user did to another account or a token."""
    who = request.environ.get(WHO, "-") if has_request_context() else "operator"
    _write(logging.INFO, what, who)


def _write(level: int, what: str, who: str) -> None:
    address = (request.remote_addr or "-") if has_request_context() else "command line"
    facts = {"event": what, "who": who, "address": address}
    _log.log(level, "%(address)s %(who)s: %(event)s", facts, extra={"facts": facts})
