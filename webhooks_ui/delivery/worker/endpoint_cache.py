"""Where deliveries go, secrets in clear, kept in memory while a webhook stays as it is."""

from datetime import datetime, timedelta

from flask import Flask

from webhooks_ui.delivery.queue import turns
from webhooks_ui.delivery.queue.claims import Job
from webhooks_ui.delivery.request import Endpoint

MOST = 10_000
KEPT_FOR = timedelta(minutes=1)  # a former signing secret ends by the clock, not by a change


class Endpoints:
    """Endpoints by webhook and version; reading and decrypting one costs more than a request."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._known: dict[int, tuple[int, datetime, Endpoint]] = {}

    def of(self, job: Job, moment: datetime) -> Endpoint:
        """The endpoint for a job, as its webhook was when the job was claimed or later."""
        version, made_at, endpoint = self._known.get(job.claim.webhook_id, (0, moment, None))
        if endpoint and version == job.webhook_version and abs(moment - made_at) < KEPT_FOR:
            return endpoint
        return self._read(job, moment)

    def _read(self, job: Job, moment: datetime) -> Endpoint:
        with self._app.app_context():
            webhook = turns.webhook_of(job.claim)
        if webhook is None:
            raise LookupError(f"the webhook of {job.public_id} is gone")
        vault = self._app.extensions["vault"]
        endpoint = Endpoint(
            webhook.url,
            webhook.authorization(vault),
            webhook.payload_format,
            webhook.signing_secrets(vault, moment),
        )
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[job.claim.webhook_id] = webhook.version, moment, endpoint
        return endpoint
