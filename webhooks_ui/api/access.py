"""Who may call: an API token in the Authorization header, nothing else (RFC 6750 §2.1, §3)."""

from contextlib import suppress
from datetime import timedelta
from typing import Literal

from flask import Response, g, request
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, update
from sqlalchemy.exc import OperationalError

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Token
from webhooks_ui.web.problem import Problem

Scope = Literal["events", "admin"]
REALM = 'Bearer realm="webhooks-ui"'
NOTED_EVERY = timedelta(minutes=1)


def require(scope: Scope) -> None:
    """Lets the request through if its token reaches as far as `scope`; a token of admin always."""
    scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Problem(
            401,
            _l("Send an API token in the header Authorization: Bearer <token>."),
            headers={"WWW-Authenticate": REALM},
        )
    token = Token.find(text.strip())
    if token is None:
        raise Problem(
            401,
            _l("This API token is not known. Check that it is whole, or make a new one."),
            headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
        )
    if token.scope not in (scope, "admin"):
        raise Problem(
            403,
            _l("This token may only send events in. Use one of scope admin."),
            headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'},
        )
    if token.last_used_at is None or token.last_used_at < now() - NOTED_EVERY:
        g.token_to_note = token.id


def note_use(response: Response) -> Response:
    """Writes down, once a minute at most and if the database lets us, that a token was used."""
    token_id: int | None = g.pop("token_to_note", None)
    if token_id is None or response.status_code >= 500:
        return response
    moment = now()
    stale = or_(Token.last_used_at.is_(None), Token.last_used_at < moment - NOTED_EVERY)
    with suppress(OperationalError), transaction():
        db.session.execute(
            update(Token).where(Token.id == token_id, stale).values(last_used_at=moment)
        )
    return response
