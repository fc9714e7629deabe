"""Sources: other programs' own webhooks come in here, one address for each kind."""

from flask import request
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel, Field
from werkzeug.datastructures import Authorization

from webhooks_ui.api.access import REALM
from webhooks_ui.api.body import read_data
from webhooks_ui.api.operation import Headers, Operation
from webhooks_ui.api.plain import outcome_before
from webhooks_ui.api.shapes import RowShape
from webhooks_ui.audit import actor
from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.models.source import Source
from webhooks_ui.monitoring.logs import WHO
from webhooks_ui.sources.base import REASONS, Kind
from webhooks_ui.sources.kinds import KINDS
from webhooks_ui.sources.receive import Arrival, Receipt, receive
from webhooks_ui.web.problem import Problem

UNSEEN: Headers = {"Referrer-Policy": "no-referrer"}  # the token stands in the address


class BecameShape(RowShape):
    """An event that the request became."""

    id: str = Field(validation_alias="event_id")
    type: str
    deliveries: int
    duplicate: bool


class ReceiptShape(BaseModel):
    """What a source's request became; without events, `reason` says why."""

    deliveries: int
    duplicate: bool
    events: list[BecameShape]
    reason: str | None

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptShape":
        events = [BecameShape.of(each) for each in receipt.events]
        return cls(
            deliveries=sum(each.deliveries for each in events if not each.duplicate),
            duplicate=bool(events) and all(each.duplicate for each in events),
            events=events,
            reason=str(REASONS[receipt.reason]) if receipt.reason else None,
        )


@Operation(
    "POST",
    "/sources/chatwoot",
    scope=None,
    status=202,
    answer=ReceiptShape,
    max_bytes=KINDS["chatwoot"].max_bytes,
    errors=(413,),
)
def chatwoot() -> tuple[ReceiptShape, Headers]:
    """Receive a webhook from Chatwoot.

    Its account webhook is posted here as it comes, 8 MB at most. The token is that of a source,
    made on the page Sources: as `?token=`, as a bearer token, or as the password of a URL. The
    answer is 202 also where nothing becomes of it; `reason` says why.
    """
    return _take(KINDS["chatwoot"])


def _take(kind: Kind) -> tuple[ReceiptShape, Headers]:
    token = request.args.get("token") or token_in(request.headers.get("Authorization", ""))
    source = Source.by_token(kind.identifier, token)
    if source is None:
        raise Problem(
            401,
            _l("No source has this token. Copy the whole URL from the page Sources again."),
            headers={"WWW-Authenticate": REALM, **UNSEEN},
        )
    request.environ[WHO] = source.public_id
    actor.is_here(actor.Actor("source", source.public_id, source.name))
    arrival = Arrival(request.headers, read_data(kind.max_bytes), request.remote_addr)
    known: Receipt | None = outcome_before(request.environ)
    receipt = known or receive(kind, source, arrival, current_vault())
    if receipt.reason == "signature":
        raise Problem(401, REASONS["signature"], headers={"WWW-Authenticate": REALM, **UNSEEN})
    return ReceiptShape.of(receipt), UNSEEN


def token_in(authorization: str) -> str:
    """The token in this header: a bearer token, or the password of a URL; empty without one."""
    given = Authorization.from_header(authorization)
    if given is None:
        return ""
    by_kind = {"bearer": given.token, "basic": given.password}
    return by_kind.get(given.type) or ""
