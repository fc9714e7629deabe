"""Authentication by an API token in the Authorization header (RFC 6750 §2.1, §3)."""

from datetime import timedelta
from typing import Literal

from flask import Response, g, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import or_, update

from webhooks_ui import audit
from webhooks_ui.api.rate_limit import count_call
from webhooks_ui.audit import actor
from webhooks_ui.database.engine import write_if_free
from webhooks_ui.database.types import now
from webhooks_ui.models import Token
from webhooks_ui.models.token import MEMORY, SCOPES, KnownToken
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.web.problem import Problem

Scope = Literal["events", "admin"]
REALM = 'Bearer realm="webhooks-ui"'
USE_RECORDED_EVERY = timedelta(minutes=1)
ONCE = timedelta(minutes=1)  # the same refusal again is one entry in the audit log


def require(scope: Scope) -> None:
    """Raises 401 without a known token, 403 if its scope is not `scope`, 429 above RATE_LIMIT.

    The scope admin covers all.
    """
    text = _bearer(request.headers.get("Authorization", ""))
    if not text:
        raise Problem(
            401,
            _l("Send an API token in the header Authorization: Bearer <token>."),
            headers={"WWW-Authenticate": REALM},
        )
    token = Token.find(text)
    if token is None:
        words = _l("This API token is not known. Check that it is whole, or make a new one.")
        raise _refused(401, words, 'error="invalid_token"')
    request.environ[WHO] = token.public_id
    actor.is_here(actor.Actor("token", token.public_id, token.name))
    if token.is_expired:
        words = _l("This API token has expired. Make a new one.")
        raise _refused(401, words, 'error="invalid_token"')
    if token.scope not in (scope, "admin"):
        words = _l("This token may only send events in. Use one of scope admin.")
        raise _refused(403, words, f'error="insufficient_scope", scope="{scope}"')
    count_call(token.id)
    if token.last_used_at is None or abs(now() - token.last_used_at) > USE_RECORDED_EVERY:
        g.used_token_id = token.id


def _bearer(authorization: str) -> str:
    """The token in this header; empty without one."""
    scheme, _, text = authorization.strip().partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _refused(status: int, words: LazyString, challenge: str) -> Problem:
    """A refusal with its challenge (RFC 6750 §3.1), which the audit log gets too."""
    page = f"{request.method} {request.path}"
    audit.record_once("access.refused", "page", page[:200], within=ONCE)
    return Problem(status, words, headers={"WWW-Authenticate": f"{REALM}, {challenge}"})


def record_use(response: Response) -> Response:
    """Records the last use of the token, once a minute; a busy database is no error."""
    token_id: int | None = g.pop("used_token_id", None)
    if token_id is None or response.status_code >= 500:
        return response
    moment = now()
    lately = moment - USE_RECORDED_EVERY, moment + USE_RECORDED_EVERY
    stale = or_(Token.last_used_at.is_(None), ~Token.last_used_at.between(*lately))
    used = update(Token).where(Token.id == token_id, stale)
    address = (request.remote_addr or "")[:45]
    write_if_free(used.values(last_used_at=moment, last_used_address=address))
    MEMORY.forget()
    return response


def known_sender(authorization: str) -> KnownToken | None:
    """The token of this header where nothing has to be said or recorded about it."""
    text = _bearer(authorization)
    token = Token.known(text) if text else None
    if token is None or token.last_used_at is None or token.scope not in SCOPES:
        return None
    moment = now()
    is_recorded = abs(moment - token.last_used_at) <= USE_RECORDED_EVERY
    return token if is_recorded and (not token.expires_at or token.expires_at > moment) else None
