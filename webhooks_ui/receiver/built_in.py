"""The built-in receiver keeps what arrives, checks its signature, and answers as configured.

It never sends anything, so no request can cause another. Each attempt of one of our own deliveries
is kept once, however often its id arrives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore, Event

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import func, select

from webhooks_ui.authorization.base import MASK, Authorization
from webhooks_ui.authorization.extra_headers import ExtraHeader, WithHeaders
from webhooks_ui.authorization.redaction import redact
from webhooks_ui.crypto import signing
from webhooks_ui.crypto.vault import Vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.egress import target_url
from webhooks_ui.models import Delivery, ReceivedRequest, Receiver, User, Webhook
from webhooks_ui.models.receiver import MAX_BODY, MAX_RECEIVERS

SLOW_SECONDS = 5.0
MAX_SLOW = 2  # slow answers at once: each holds one of the server's few threads
RETRY_AFTER = 30  # seconds that the answer 429 asks for
ANSWERS: dict[str, LazyString] = {
    "200": _l("200 OK"),
    "204": _l("204 without a body"),
    "400": _l("400 Bad Request"),
    "401": _l("401 Unauthorized"),
    "410": _l("410 Gone: disables the webhook"),
    "429": _l("429 with Retry-After: 30 seconds"),
    "500": _l("500 Internal Server Error"),
    "slow": _l("200 after 5 seconds"),
    "hang_up": _l("no answer: closes the connection"),
}
"""The answers to choose from."""

_SECRET_HEADERS = frozenset(["authorization", "proxy-authorization", "cookie", "x-api-key"])
_slow = BoundedSemaphore(MAX_SLOW)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came in, its header names in their original case."""

    method: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    address: str | None

    def header(self, name: str) -> str:
        """The first value of a header (its name in lower case); empty if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def timestamp(self) -> int | None:
        """When it was signed, in seconds; None unless it says so in a way that can be read."""
        return signing.timestamp_of(self.header("webhook-timestamp"))


def make(base_url: str, user: User | None) -> Receiver | None:
    """Creates a receiver under the console's own address; None while there are too many."""
    with transaction():
        if len(Receiver.live()) >= MAX_RECEIVERS:
            return None
        token = Receiver.new_token()
        receiver = Receiver(
            token=token,
            # In the normal form of webhooks' URLs, since the guard compares the two.
            url=target_url.parse(f"{base_url}/receiver/{token}").url,
            created_by_id=user.id if user else None,
        )
        db.session.add(receiver)
    return receiver


def choose(receiver: Receiver, answer: str) -> None:
    """Sets what it answers from now on: a key of `ANSWERS`."""
    with transaction():
        receiver.answer = answer


def remove(receiver: Receiver) -> None:
    with transaction():
        db.session.delete(receiver)


def arrive(receiver: Receiver, arrival: Arrival, vault: Vault) -> str:
    """Keeps a request and returns how to answer it: a key of `ANSWERS`, or ``busy``."""
    answer = receiver.answer
    if answer == "slow" and not _slow.acquire(blocking=False):
        answer = "busy"
    try:
        _keep(receiver, arrival, answer, vault)
    except BaseException:
        if answer == "slow":
            _slow.release()
        raise
    return answer


def wait_slowly() -> None:
    """Waits as long as a slow answer takes."""
    try:
        Event().wait(SLOW_SECONDS)
    finally:
        _slow.release()


def _keep(receiver: Receiver, arrival: Arrival, answer: str, vault: Vault) -> None:
    own, message_id = receiver.id, arrival.header("webhook-id")[:100]
    delivery = Delivery.by_public_id(message_id) if message_id else None
    webhook = delivery.webhook if delivery else None
    auth = webhook.authorization(vault) if webhook else None
    more = webhook.extra_headers(vault) if webhook else ()
    request = ReceivedRequest(
        receiver_id=own,
        method=arrival.method[:10],
        headers=_shown_headers(arrival, auth, more),
        body=(redact(arrival.body, WithHeaders(auth, more)) if auth else arrival.body)[:MAX_BODY],
        size=len(arrival.body),
        signature=_signature(arrival, webhook, vault),
        webhook_id=message_id or None,
        answered=answer,
        address=arrival.address,
    )
    attempts = delivery.attempts_made + 1 if delivery else None
    with transaction():
        if attempts is not None and _kept(own, message_id) >= attempts:
            return  # a repetition of the same attempt
        db.session.add(request)
        db.session.flush()
        receiver.forget_old()


def _kept(receiver_id: int, message_id: str) -> int:
    own = (ReceivedRequest.receiver_id == receiver_id, ReceivedRequest.webhook_id == message_id)
    return db.session.scalar(select(func.count(ReceivedRequest.id)).where(*own)) or 0


def _shown_headers(
    arrival: Arrival, auth: Authorization | None, more: Sequence[ExtraHeader]
) -> list[list[str]]:
    """The headers with secrets masked."""
    masked = {name.lower(): text for name, text in auth.masked().items()} if auth else {}
    sent = auth.headers(arrival.timestamp or 0, arrival.body) if auth and masked else ()
    given = {name.lower(): value for name, value in sent}
    given |= {one.name.lower(): one.value for one in more}
    masked |= {one.name.lower(): MASK for one in more}
    return [[name, _shown(name.lower(), value, masked, given)] for name, value in arrival.headers]


def _shown(name: str, value: str, masked: dict[str, str], given: dict[str, str]) -> str:
    if name in masked:
        return masked[name] if value == given[name] else MASK
    if name in _SECRET_HEADERS:
        return f"{value.split(' ', maxsplit=1)[0]} {MASK}" if " " in value else MASK
    return value


def _signature(arrival: Arrival, webhook: Webhook | None, vault: Vault) -> str:
    """Whether the signature holds under a secret of the delivery's webhook: a stored code."""
    signature, timestamp = arrival.header("webhook-signature"), arrival.timestamp
    if not signature or timestamp is None:
        return "missing"
    if webhook is None:
        return "unknown"
    message_id = arrival.header("webhook-id")
    holds = any(
        signing.verify(secret, message_id, timestamp, arrival.body, signature)
        for secret in webhook.signing_secrets(vault, now())
    )
    return "valid" if holds else "wrong"
