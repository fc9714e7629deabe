"""Recovering: a preview with the count, then the progress of what runs in the background."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.catalogue.event_types import ALL_TYPES
from webhooks_ui.database.types import now
from webhooks_ui.explanations.verdicts import ERROR_LABELS
from webhooks_ui.forms.log_filters import LogQuery
from webhooks_ui.forms.span_filters import SPAN_LABELS
from webhooks_ui.jobs import recovery as recovering
from webhooks_ui.jobs.recovery import AlreadyRunning
from webhooks_ui.models import (
    Channel,
    Recovery,
    Webhook,
    undelivered,
    webhook_history,
    webhook_rows,
)
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.public_ids import WEBHOOK, is_id
from webhooks_ui.models.recovery import MAX_SHARES, Choice
from webhooks_ui.views import webhook_silence
from webhooks_ui.web.body_limits import MANY_FIELDS, max_body
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import Answer, is_piece_request, or_404

blueprint = Blueprint("recoveries", __name__)
DEFAULT_SPAN = timedelta(hours=24)
BEFORE = timedelta(hours=1)
WHICH = {
    "": _l("Failed and cancelled"),
    "failed": _l("Failed only"),
    "cancelled": _l("Cancelled only"),
}


@blueprint.route("/webhooks/<id>/recover", methods=["GET", "POST"])
@keeps_typed
@max_body(MANY_FIELDS)
def of_webhook(id: str) -> Answer:
    """What one webhook missed."""
    return _recover(or_404(Webhook.by_public_id(id)))


@blueprint.route("/deliveries/recover", methods=["GET", "POST"])
@keeps_typed
@max_body(MANY_FIELDS)
def of_filter() -> Answer:
    """What the filters of the deliveries' list leave of what was not delivered."""
    return _recover(None)


@blueprint.get("/recoveries/<id>")
def show(id: str) -> str:
    """How far it has come; as a piece, what the page asks for while it runs."""
    recovery = or_404(Recovery.by_public_id(id))
    template = "recoveries/_progress.html" if is_piece_request() else "recoveries/show.html"
    parts = {"progress": recovery.progress(), "shares": recovery.shares()}
    return render_template(template, recovery=recovery, **parts)


@blueprint.post("/recoveries/<id>/stop")
def stop(id: str) -> Response:
    """Sends no more of it."""
    if recovering.stop(or_404(Recovery.by_public_id(id))):
        flash(_("Recovery stopped. Deliveries still waiting are cancelled."), "info")
    else:
        flash(
            _("The recovery had already finished. Deliveries still waiting are cancelled."),
            "wait",
        )
    return redirect(url_for(".show", id=id), 303)


def _recover(webhook: Webhook | None) -> Answer:
    query = LogQuery.parse(request.values)
    chosen = query.deliveries()
    if chosen is None:
        abort(404)
    choice = _choice(webhook, query, chosen)
    trouble = began_to_fail(webhook) if webhook else None
    since = chosen.since or trouble or now() - DEFAULT_SPAN
    until = chosen.until or now()
    target = Webhook.by_public_id(choice.webhook) if choice.webhook else None
    is_off = target is not None and (not target.enabled or target.resumes_at is not None)
    found = undelivered.preview(choice, since, until, as_if_enabled=is_off)
    is_sent = request.method == "POST" and not (is_unsent() or is_off)
    if is_sent and (found.total or found.is_more):
        return _start(choice, since, until, found)
    if choice.left_out:
        found = undelivered.preview(replace(choice, left_out=()), since, until)
    page = render_template(
        "recoveries/preview.html",
        webhook=webhook,
        filters=query,
        trouble=trouble,
        since=since,
        until=until,
        found=found,
        is_off=is_off,
        none_ticked=bool(is_sent and choice.left_out),
        **_split(found, target),
        most=MAX_SHARES,
        which=WHICH | {"": _l("All missed")} if webhook else WHICH,
        spans_offered=SPAN_LABELS,
        latest=Recovery.latest(webhook.id if webhook else None),
        **_names(choice, webhook),
    )
    return (page, 422) if is_unsent() else page


def _start(
    choice: Choice, since: datetime, until: datetime, found: undelivered.Preview
) -> Response:
    begun = recovering.start(choice, since, until, found, current_user.user)
    if isinstance(begun, AlreadyRunning):
        flash(_("Another recovery is still running. Wait until it finishes, or stop it."), "wait")
        begun = begun.recovery
    return redirect(url_for(".show", id=begun.public_id), 303)


def _choice(webhook: Webhook | None, query: LogQuery, chosen: DeliveryFilter) -> Choice:
    return Choice(
        webhook=webhook.public_id if webhook else chosen.webhook,
        status=query.status if query.status in WHICH else None,
        type=chosen.type,
        channel=chosen.channel,
        error=chosen.error,
        missed=webhook is not None and not (query.status or chosen.error),
        left_out=_left_out(),
    )


def _left_out() -> tuple[str, ...]:
    """The webhooks that the form offered and whose boxes are not ticked."""
    offered, ticked = request.form.getlist("offered"), request.form.getlist("send")
    return tuple(one for one in offered[:MAX_SHARES] if is_id(one, WEBHOOK) and one not in ticked)


def _split(found: undelivered.Preview, target: Webhook | None) -> dict[str, Any]:
    """What was found, by webhook, where it is not one webhook's; ticked are those that work."""
    if target is not None:
        return {"split": []}
    parts = {part.webhook_id: part for part in found.parts[:MAX_SHARES] if part.count}
    rows = webhook_rows.load(list(parts))
    ticked = {row.public_id for row in rows if row.state != "failing"}
    if request.method == "POST":
        ticked = set(request.form.getlist("send"))
    split = [(parts[row.id], row) for row in rows]
    return {"split": split, "silences": webhook_silence.silences(rows), "ticked": ticked}


def began_to_fail(webhook: Webhook) -> datetime | None:
    """When the trouble began that a webhook is in, or was in until it was enabled lately."""
    known = [moment for moment in (webhook.failing_since, webhook.disabled_at) if moment]
    if webhook.enabled:
        known += _was_off_lately(webhook.id)
    # An event that failed then had come before.
    return min(known) - BEFORE if known else None


def _was_off_lately(webhook_id: int) -> list[datetime]:
    """Since when it had been disabled, and had failed, until it was enabled within a day."""
    ended, began = now() - DEFAULT_SPAN, None
    for off in reversed(webhook_history.idle_periods(webhook_id)):
        if not ((off.until and off.until >= ended) or off.until == began):
            break
        # For how long it had failed before is known by the rule alone that disabled it.
        rule: timedelta = current_app.config["DISABLE_AFTER"]
        began = off.since
        first = began - (rule if off.reason == "failing" else timedelta())
    return [] if began is None else [first]


def _names(choice: Choice, own: Webhook | None) -> dict[str, Any]:
    """What the filters are, in words."""
    webhook = Webhook.by_public_id(choice.webhook) if choice.webhook else None
    channel = Channel.by_key(choice.channel) if choice.channel else None
    named = (
        webhook and not own and webhook.title,
        ALL_TYPES[choice.type].label if choice.type else None,
        channel and channel.name,
        ERROR_LABELS[choice.error] if choice.error else None,
    )
    return {"chosen_webhook": webhook, "narrowed_to": [name for name in named if name]}
