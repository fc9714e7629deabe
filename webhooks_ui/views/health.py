"""Liveness and readiness, for load balancers and monitoring."""

from flask import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from webhooks_ui.database.engine import ping
from webhooks_ui.database.types import now
from webhooks_ui.models import JobRun

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, str], int]:
    """The database is reachable and a worker has sent a heartbeat lately; says which is missing."""
    try:
        ping()
        worker_is_up = JobRun.worker_is_up(now())
    except SQLAlchemyError:
        return {"status": "database out of reach"}, 503
    if not worker_is_up:
        return {"status": "no worker"}, 503
    return {"status": "ready"}, 200
