"""Tests and recoveries of several webhooks at once, and their progress."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import redirect, render_template, url_for
from flask_login import current_user
from sqlalchemy import select

from webhooks_ui.database.engine import db
from webhooks_ui.database.types import now
from webhooks_ui.jobs import recovery as recovering
from webhooks_ui.jobs.recovery import AlreadyRunning
from webhooks_ui.models import (
    BulkChange,
    Delivery,
    Recovery,
    Webhook,
    undelivered,
    webhook_bulk,
    webhook_rows,
)
from webhooks_ui.models.recovery import Choice
from webhooks_ui.views import pings
from webhooks_ui.views.recoveries import DEFAULT_SPAN, began_to_fail
from webhooks_ui.views.webhooks import blueprint
from webhooks_ui.web.pieces import Answer, is_piece_request, or_404


def start(action: str, webhooks: Sequence[Webhook]) -> BulkChange:
    """Sends a test to each webhook, or begins its recovery; `action` is one of `RUNS`."""
    made = [(webhook.id, RUNS[action](webhook)) for webhook in webhooks]
    return webhook_bulk.remember(action, made, current_user.user)


@blueprint.get("/webhooks/bulk/<id>")
def bulk_progress(id: str) -> Answer:
    """What has come of tests and recoveries so far; as a piece, what the page polls.

    A change is said above the list, with its undo.
    """
    done = or_404(BulkChange.by_public_id(id))
    if done.action not in RUNS:
        return redirect(url_for(".index", done=id), 303)
    template = "webhooks/_bulk_progress.html" if is_piece_request() else "webhooks/bulk.html"
    return render_template(template, done=done, **_progress(done))


def _recover(webhook: Webhook) -> str | None:
    """Recovers what it missed since its trouble began, or in a day; None if that is nothing."""
    if not webhook.enabled or webhook.resumes_at:
        return None
    until = now()
    since = began_to_fail(webhook) or until - DEFAULT_SPAN
    choice = Choice(webhook=webhook.public_id, missed=True)
    found = undelivered.preview(choice, since, until)
    if not (found.total or found.is_more):
        return None
    begun = recovering.start(choice, since, until, found, current_user.user)
    return (begun.recovery if isinstance(begun, AlreadyRunning) else begun).public_id


def _progress(done: BulkChange) -> dict[str, Any]:
    made = {item["webhook"]: item["made"] for item in done.items}
    rows = webhook_rows.load(list(made))
    wanted = [one for one in made.values() if one]
    results: dict[str, Any]
    if done.action == "test":
        found = db.session.scalars(select(Delivery).where(Delivery.public_id.in_(wanted)))
        results = {one.public_id: one for one in found}
        open_ones = [one for one in results.values() if one.is_open]
    else:
        begun = db.session.scalars(select(Recovery).where(Recovery.public_id.in_(wanted)))
        results = {one.public_id: one for one in begun}
        open_ones = [one for one in results.values() if one.status == "running"]
    return {
        "lines": [(row, results.get(made[row.id] or "")) for row in rows],
        "total": len(wanted),
        "left": len(open_ones),
    }


RUNS: dict[str, Callable[[Webhook], str | None]] = {"test": pings.start, "recover": _recover}
"""What is sent to each webhook, by its action: returns the id of what was made."""
