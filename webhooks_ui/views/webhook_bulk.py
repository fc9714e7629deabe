"""What is done to several webhooks at once, and its undo."""

from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import quote

from flask import (
    Response,
    abort,
    flash,
    make_response,
    redirect,
    request,
    url_for,
)
from flask_babel import LazyString, ngettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui import audit
from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.engine import db
from webhooks_ui.forms import pause as pause_form
from webhooks_ui.models import (
    BulkChange,
    Channel,
    Delivery,
    Webhook,
    webhook_bulk,
)
from webhooks_ui.views import webhook_runs
from webhooks_ui.views.webhooks import blueprint
from webhooks_ui.web.body_limits import MANY_FIELDS, max_body
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import or_404
from webhooks_ui.web.security import safe_next

_MAX_KEPT = 100  # selected webhooks that an address names
_PASSING = ("done=", "chosen=", "at=")  # arguments of one answer, not of the list
CHOOSE_ACTION = _l("Nothing was changed. Choose what to do with the selected webhooks.")
CHOOSE = _l("Choose at least one webhook first.")
CHOOSE_EVENT = _l("Choose one of the events.")
CHOOSE_CHANNEL = _l("This channel no longer exists. Choose another one.")
CHOOSE_TIME = _l("Choose a time in the future.")
Asked: TypeAlias = webhook_bulk.Change | LazyString
"""What is to be done to each webhook, or why that cannot be."""


@blueprint.post("/webhooks/bulk")
@keeps_typed
@max_body(MANY_FIELDS)
def bulk() -> BaseResponse:
    """Does `action` to the webhooks of `ids`, and leads back to `next`."""
    ids = list(dict.fromkeys(request.form.getlist("ids")))
    action = request.form.get("action", "")
    if is_unsent():
        return _choose_again()
    if not action:  # Enter in one of the fields
        return _refuse(CHOOSE_ACTION)
    if action not in (*_CHANGES, *webhook_runs.RUNS, "export"):
        abort(400)
    if not ids:
        return _refuse(CHOOSE)
    if len(ids) > webhook_bulk.MAX_AT_ONCE:
        return _refuse(_l("Choose %(most)s webhooks at most.", most=webhook_bulk.MAX_AT_ONCE))
    if action == "export":
        return _export(ids)
    if action in webhook_runs.RUNS:
        done = webhook_runs.start(action, _chosen(ids))
        return redirect(url_for(".bulk_progress", id=done.public_id), 303)
    change = _CHANGES[action]()
    if isinstance(change, LazyString):
        return _refuse(change)
    done = webhook_bulk.apply(ids, action, change, current_user.user)
    return redirect(_back(done=done.public_id), 303)


@blueprint.post("/webhooks/bulk/<id>/undo")
def bulk_undo(id: str) -> BaseResponse:
    """Restores what was before."""
    done = or_404(BulkChange.change_by_public_id(id))
    restored, left = webhook_bulk.undo(done, current_user.user)
    if restored:
        words = ngettext(
            "Undone: %(num)s webhook is as it was.",
            "Undone: %(num)s webhooks are as they were.",
            restored,
        )
        flash(words, "good")
    if left:
        words = ngettext(
            "%(num)s was changed since and stays as it is.",
            "%(num)s were changed since and stay as they are.",
            left,
        )
        flash(words, "wait")
    return redirect(_back(), 303)


def _back(**arguments: str) -> str:
    """The list as it was, with these arguments; its own former notice is left out."""
    url = safe_next(request.form.get("next")) or url_for(".index")
    path, _mark, query = url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith(_PASSING)]
    kept += [f"{name}={value}" for name, value in arguments.items() if value]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _refuse(message: LazyString) -> BaseResponse:
    flash(str(message), "bad")
    return _choose_again()


def _choose_again() -> BaseResponse:
    """The list with the same webhooks selected."""
    at, ids = request.form.get("at", ""), request.form.getlist("ids")
    return redirect(_back(chosen=quote(",".join(ids[:_MAX_KEPT])), at=quote(at)), 303)


def _chosen(ids: Sequence[str]) -> Sequence[Webhook]:
    there = (Webhook.public_id.in_(ids), Webhook.deleted_at.is_(None))
    return db.session.scalars(select(Webhook).where(*there).order_by(Webhook.id)).all()


def _pause() -> Asked:
    until = pause_form.until(request.values)
    return CHOOSE_TIME if until is None else webhook_bulk.pause(until)


def _channel() -> Asked:
    key = request.form.get("channel", "")
    channel = Channel.by_key(key) if key else None
    return CHOOSE_CHANNEL if key and channel is None else webhook_bulk.listen_to(channel)


def _event(change: Callable[[str], webhook_bulk.Change]) -> Callable[[], Asked]:
    def chosen() -> Asked:
        kind = request.form.get("event", "")
        return change(kind) if kind in ALL_TYPES else CHOOSE_EVENT

    return chosen


def _export(ids: Sequence[str]) -> Response:
    """The webhooks as the API shows them: without secrets."""
    from webhooks_ui.api.webhook_shapes import WebhookShape

    chosen = _chosen(ids)
    last = Delivery.last_of(chosen)
    shapes = [WebhookShape.of(one, last.get(one.id)).model_dump(mode="json") for one in chosen]
    audit.exported("webhook.exported", "webhook", format="json")
    answer = make_response({"webhooks": shapes})
    answer.headers["Content-Disposition"] = 'attachment; filename="webhooks.json"'
    return answer


_CHANGES: dict[str, Callable[[], Asked]] = {
    "enable": lambda: Webhook.enable,
    "disable": lambda: webhook_bulk.disable,
    "pause": _pause,
    "resume": lambda: webhook_bulk.pause(None),
    "channel": _channel,
    "add_event": _event(webhook_bulk.add_event),
    "remove_event": _event(webhook_bulk.remove_event),
    "delete": lambda: webhook_bulk.remove,
}
