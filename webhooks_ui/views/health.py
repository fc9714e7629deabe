"""Liveness and readiness, for load balancers and monitoring."""

from flask import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from webhooks_ui.database.damage import DamagedError
from webhooks_ui.database.engine import ping
from webhooks_ui.database.types import now
from webhooks_ui.models import JobRun, installation

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> tuple[dict[str, str], int]:
    """The database answers, its keys are these, and a worker is up; says which is missing."""
    try:
        ping()
    except DamagedError:
        return {"status": "database damaged"}, 503
    except SQLAlchemyError:
        return {"status": "database out of reach"}, 503
    try:
        keys_are_wrong = installation.key_problem() is not None
        worker_is_up = JobRun.worker_is_up(now())
    except DamagedError:
        return {"status": "database damaged"}, 503
    except SQLAlchemyError:
        return {"status": "database not set up"}, 503
    if keys_are_wrong:
        return {"status": "wrong encryption keys"}, 503
    if not worker_is_up:
        return {"status": "no worker"}, 503
    return {"status": "ready"}, 200
