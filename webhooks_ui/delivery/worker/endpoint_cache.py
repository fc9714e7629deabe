"""Endpoints with decrypted secrets, cached while their webhook does not change."""

from datetime import datetime, timedelta

from flask import Flask

from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import Job
from webhooks_ui.delivery.request import Endpoint

MAX_ENDPOINTS = 10_000
MAX_AGE = timedelta(minutes=1)  # a former signing secret expires without a change


class EndpointCache:
    """Endpoints by webhook and version: to read and decrypt one costs more than a request."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._cached: dict[int, tuple[int, datetime, Endpoint]] = {}

    def get(self, job: Job, moment: datetime) -> Endpoint:
        """The endpoint for a job: its webhook when the job was claimed, or later.

        Raises `LookupError` when the webhook is gone.
        """
        version, made_at, endpoint = self._cached.get(job.claim.webhook_id, (0, moment, None))
        if endpoint and version == job.webhook_version and abs(moment - made_at) < MAX_AGE:
            return endpoint
        return self._load(job, moment)

    def _load(self, job: Job, moment: datetime) -> Endpoint:
        with self._app.app_context():
            webhook = turns.load_webhook(job.claim)
        if webhook is None:
            raise LookupError(f"the webhook of {job.public_id} is gone")
        vault = self._app.extensions["vault"]
        endpoint = Endpoint.from_settings(
            webhook.settings(vault), webhook.signing_secrets(vault, moment)
        )
        if len(self._cached) >= MAX_ENDPOINTS:
            self._cached.clear()
        self._cached[job.claim.webhook_id] = webhook.version, moment, endpoint
        return endpoint
