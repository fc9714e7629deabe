"""Access tokens of OAuth 2.0 client credentials: fetched, kept encrypted, renewed in time."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from time import monotonic
from typing import Any, Self

from flask import Flask
from sqlalchemy import select, update

from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.oauth2 import OAuth2
from webhooks_ui.crypto.vault import Vault, VaultError, current_vault
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.request import Endpoint
from webhooks_ui.delivery.token_request import fetch, token_failure
from webhooks_ui.egress.tls_options import TlsOptions
from webhooks_ui.models.webhook import Webhook

MARGIN = 60.0  # seconds before its end that a token is renewed, or a quarter of its life
REFUSED_FOR = 5.0  # seconds that a refusal stands for those who ask next
YOUNGEST = 60.0  # seconds old that a token is before a 401 makes it void
MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Grant:
    """A token; times are seconds since 1970. `client` is what it was fetched with, hashed."""

    token: str = field(repr=False)
    client: str
    fetched_at: float
    ends_at: float

    @property
    def renewed_at(self) -> float:
        """From when on it is renewed."""
        return self.ends_at - min(MARGIN, (self.ends_at - self.fetched_at) / 4)

    def holds(self, moment: float, until: float) -> bool:
        """Whether it is used at this moment, `until` being one of its times.

        Not if it was fetched later: the clock was ahead then, and so are its times.
        """
        return self.fetched_at - MARGIN <= moment < until

    @classmethod
    def unsealed(cls, sealed: str, vault: Vault, context: str) -> Self | None:
        """A grant as it is stored; None where it cannot be read any more."""
        try:
            return cls(**json.loads(vault.decrypt(sealed, context)))
        except (VaultError, ValueError, TypeError):
            return None


@dataclass(slots=True)
class _Client:
    """What is known for one client; its lock is held while a token is fetched."""

    lock: Lock = field(default_factory=Lock)
    grant: Grant | None = None
    void: str = ""  # a token that a receiver has refused
    refusal: AttemptError | None = None
    refused_at: float = 0.0


class AccessTokens:
    """The tokens of this process; thread-safe. Stored ones serve other processes and restarts.

    A token takes half of an attempt's time-out at most, waiting for another who fetches it
    included: the rest is the delivery's.
    """

    def __init__(
        self, app: Flask, sender: Sender, timeout: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._app, self._sender, self._clock = app, sender, clock
        self._timeout = timeout / 2
        self._clients: dict[str, _Client] = {}

    def authorized(self, endpoint: Endpoint, webhook: int | None) -> Endpoint:
        """The endpoint with a token, where its authorization needs one.

        Raises AttemptError with the code ``token_failure``. `webhook` is its row; None before it is
        saved.
        """
        auth = endpoint.authorization
        if not isinstance(auth, OAuth2):
            return endpoint
        grant = self._grant(auth, endpoint.tls, webhook)
        return replace(endpoint, authorization=Bearer(grant.token))

    def refused(self, endpoint: Endpoint) -> None:
        """Notes that the receiver answered 401: its token, unless it is young, is fetched again."""
        auth = endpoint.authorization
        client = self._clients.get(_name(auth, endpoint.tls)) if isinstance(auth, OAuth2) else None
        grant = client.grant if client else None
        if client and grant and self._clock() - grant.fetched_at > YOUNGEST:
            client.grant, client.void = None, grant.token

    def _grant(self, auth: OAuth2, tls: TlsOptions, webhook: int | None) -> Grant:
        if len(self._clients) > MAX_KEPT:
            self._clients.clear()
        client = self._clients.setdefault(name := _name(auth, tls), _Client())
        kept, moment = client.grant, self._clock()
        if kept and kept.holds(moment, kept.renewed_at):
            return kept
        is_usable = kept is not None and kept.holds(moment, kept.ends_at)
        deadline = monotonic() + self._timeout
        if not client.lock.acquire(timeout=0 if is_usable else self._timeout):
            if kept and is_usable:
                return kept  # while somebody else renews it
            raise token_failure(auth, "no answer in time")
        try:
            return self._newest(client, name, auth, tls, webhook, deadline)
        finally:
            client.lock.release()

    def _newest(
        self,
        client: _Client,
        name: str,
        auth: OAuth2,
        tls: TlsOptions,
        webhook: int | None,
        deadline: float,
    ) -> Grant:
        moment = self._clock()
        for known in (client.grant, self._stored(webhook)):
            if known is None or known.client != name or known.token == client.void:
                continue
            if known.holds(moment, known.renewed_at):
                client.grant = known
                return known
        if client.refusal and abs(moment - client.refused_at) < REFUSED_FOR:
            raise client.refusal
        try:
            token, life = fetch(self._sender, auth, tls, deadline)
        except AttemptError as refusal:
            client.refusal, client.refused_at = refusal, self._clock()
            raise
        client.grant = Grant(token, name, moment, moment + life)
        self._store(webhook, client.grant)
        return client.grant

    def _stored(self, webhook: int | None) -> Grant | None:
        if webhook is None:
            return None
        with self._app.app_context():
            row = _sealed(webhook)
            found = row and row[1]
            return Grant.unsealed(found, current_vault(), _context(row[0])) if found else None

    def _store(self, webhook: int | None, grant: Grant) -> None:
        """Without a new version of the webhook: its set-up is the same."""
        if webhook is None:
            return
        with self._app.app_context():
            if row := _sealed(webhook):
                sealed = current_vault().encrypt(json.dumps(asdict(grant)), _context(row[0]))
                with transaction():
                    change = update(Webhook).where(Webhook.id == webhook)
                    db.session.execute(change.values(access_token=sealed))


def _sealed(webhook: int) -> Any:
    found = select(Webhook.public_id, Webhook.access_token).where(Webhook.id == webhook)
    return db.session.execute(found).first()


def _context(public_id: str) -> str:
    return f"{public_id}:token"


def _name(auth: OAuth2, tls: TlsOptions) -> str:
    """What a token is fetched with, hashed: a change of it needs another token."""
    facts = [*auth.members.values(), tls.ca, str(tls.verify)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
