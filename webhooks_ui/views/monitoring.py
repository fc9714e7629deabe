"""For load balancers and monitoring: liveness, readiness, and metrics for Prometheus."""

import hmac
from ipaddress import ip_network

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from webhooks_ui.database.damage import DamagedError
from webhooks_ui.database.engine import ping
from webhooks_ui.database.types import now
from webhooks_ui.egress.ip_ranges import unwrapped
from webhooks_ui.models import JobRun, backlog, installation
from webhooks_ui.monitoring import metrics

blueprint = Blueprint("monitoring", __name__)


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, str], int]:
    """The database answers, its keys are these, and a worker is up; says which is missing."""
    missing = _missing()
    return {"status": missing or "ready"}, 503 if missing else 200


def _missing() -> str | None:
    failure = "database out of reach"
    try:
        ping()
        failure = "database not set up"
        if installation.key_problem() is not None:
            return "wrong encryption keys"
        return None if JobRun.worker_is_up(now()) else "no worker"
    except DamagedError:
        return "database damaged"
    except SQLAlchemyError:
        return failure


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """Counters, and gauges read from the database; answers without the database too.

    For requests with the token or from an allowed network.
    """
    if refusal := _refusal():
        return refusal
    return Response(metrics.exposition(_read()), content_type=metrics.CONTENT_TYPE)


def _refusal() -> Response | None:
    """The response to a request without access: by token where one is set, else by address."""
    if token := current_app.config["METRICS_TOKEN"]:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        if hmac.compare_digest(given, f"Bearer {token}".encode()):
            return None
        reason = "Send the METRICS_TOKEN of this console: Authorization: Bearer <token>.\n"
        challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return Response(reason, 401, challenge, content_type="text/plain; charset=utf-8")
    if _is_allowed(request.remote_addr or ""):
        return None
    reason = (
        "The metrics are not for this address. Set METRICS_TOKEN, or add it to METRICS_NETWORKS.\n"
    )
    return Response(reason, 403, content_type="text/plain; charset=utf-8")


def _is_allowed(text: str) -> bool:
    try:
        address = unwrapped(text)
    except ValueError:
        return False
    return any(address in ip_network(near) for near in current_app.config["METRICS_NETWORKS"])


def _read() -> dict[str, float]:
    """The values of `metrics.READ`; only `database_up` when the database is unreachable."""
    moment = now()
    try:
        found, worker_is_up = backlog.total(), JobRun.worker_is_up(moment)
        limited = backlog.limited_webhooks()
    except SQLAlchemyError:
        return {"webhooks_ui_database_up": 0}
    oldest = found.oldest_at
    return {
        "webhooks_ui_database_up": 1,
        "webhooks_ui_worker_up": worker_is_up,
        "webhooks_ui_deliveries_waiting": found.waiting,
        "webhooks_ui_deliveries_oldest_waiting_seconds": (
            max((moment - oldest).total_seconds(), 0) if oldest else 0
        ),
        "webhooks_ui_webhooks_failing": found.failing_webhooks,
        "webhooks_ui_webhooks_limited": limited,
    }
