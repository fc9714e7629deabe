"""One attempt at an event, for a ping and for the worker alike: token, request, answer, record."""

from dataclasses import replace
from datetime import datetime
from time import monotonic

from flask import Flask

from webhooks_ui.catalogue.payload import PayloadError
from webhooks_ui.delivery.access_tokens import AccessTokens
from webhooks_ui.delivery.attempt_record import attempt_of, unsent_attempt
from webhooks_ui.delivery.http.errors import AttemptError
from webhooks_ui.delivery.http.outcome import Outcome
from webhooks_ui.delivery.http.sender import Sender
from webhooks_ui.delivery.queue.claims import AttemptRecord
from webhooks_ui.delivery.request import Endpoint, compose
from webhooks_ui.models.event import EventContent


class Attempter:
    """Makes attempts, each within `timeout` seconds; thread-safe."""

    def __init__(self, app: Flask, sender: Sender, timeout: float) -> None:
        self._sender, self._timeout = sender, timeout
        self._tokens = AccessTokens(app, sender, timeout)

    def make(
        self,
        event: EventContent,
        endpoint: Endpoint,
        message_id: str,
        moment: datetime,
        *,
        webhook: int | None,
        number: int = 1,
    ) -> tuple[AttemptRecord, Outcome | None]:
        """The record of an attempt that begins at `moment`; no outcome where nothing was sent."""
        started = monotonic()
        try:
            authorized = self._tokens.authorized(endpoint, webhook)
            request = compose(event, authorized, message_id, moment)
        except (AttemptError, PayloadError) as error:
            return self._unsent(error, endpoint, moment, number, started), None
        left = self._timeout - (monotonic() - started)
        outcome = self._sender.send(request, left)
        if outcome.status_code == 401:
            self._tokens.refused(endpoint)
        return attempt_of(outcome, request, authorized, moment, self._timeout, number), outcome

    def _unsent(
        self,
        error: AttemptError | PayloadError,
        endpoint: Endpoint,
        moment: datetime,
        number: int,
        started: float,
    ) -> AttemptRecord:
        record = unsent_attempt(error.detail, moment, self._timeout, number)
        took = round((monotonic() - started) * 1000)
        return replace(
            record,
            error=error.code,
            request_url=endpoint.url,
            payload_format=endpoint.payload_format,
            method=endpoint.method,
            duration_ms=took,
            timings={**record.timings, "total": took},
        )
