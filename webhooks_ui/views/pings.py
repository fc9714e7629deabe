"""Sending a test event, from the saved webhook's page and from the unsaved form."""

from itertools import chain
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _

from webhooks_ui.crypto.vault import current_vault
from webhooks_ui.database.engine import end_read
from webhooks_ui.database.types import now
from webhooks_ui.delivery import ping
from webhooks_ui.delivery.ping import Ping, TooManyPingsError
from webhooks_ui.delivery.request import Endpoint
from webhooks_ui.forms.ping_panel import TestPanel
from webhooks_ui.forms.webhook import WebhookForm
from webhooks_ui.models import Delivery, Webhook, deleted_webhooks
from webhooks_ui.models.public_ids import DELIVERY, new_id
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.views import test_results
from webhooks_ui.views.webhook_form import form_of, posted_form, render_form, render_undo
from webhooks_ui.views.webhooks import blueprint, page_of
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import is_unsent, keeps_typed
from webhooks_ui.web.pieces import Answer, is_piece_request, or_404

# Seconds that a response waits for the result, so that a quick receiver needs no polling. Each
# waiting response holds one of the server's few threads.
PIECE_WAITS, PAGE_WAITS = 0.3, 1.0


@blueprint.post("/webhooks/test")
@keeps_typed
@max_body(with_event)
def test_unsaved() -> Answer:
    """A test with what the form says now."""
    public_id = request.form.get("webhook")
    if public_id and (gone := deleted_webhooks.by_public_id(public_id)):
        return render_undo(form_of(gone), gone)
    form, panel = posted_form(), _panel()
    if not form.check(current_app.extensions["guard"], test=True) or panel.errors:
        return _refused_form(form, panel)
    secrets: tuple[str, ...] = (form.memory.signing_secret,)
    if webhook := form.saved:
        secrets = webhook.signing_secrets(current_vault(), now())
    owner = webhook or form.memory.webhook_id
    if problem := _send(panel, form.settings, secrets, owner):
        panel.errors["event"] = problem
        return _refused_form(form, panel)
    result = _result(panel, owner)
    if is_piece_request():
        return _piece(panel, result)
    return render_form(form, panel.again(), result=result)


@blueprint.post("/webhooks/<id>/test")
@keeps_typed
@max_body(with_event)
def test(id: str) -> Answer:
    """A test of the webhook as it is saved, whether it is enabled or not."""
    webhook, panel = or_404(Webhook.by_public_id(id)), _panel()
    secrets = webhook.signing_secrets(current_vault(), now())
    if not (panel.errors or is_unsent()):
        problem = _send(panel, webhook.settings(current_vault()), secrets, webhook)
        panel.errors |= {"event": problem} if problem else {}
    if panel.errors or is_unsent():
        if is_piece_request():
            return _errors_piece([*panel.errors.values()])
        return render_template("webhooks/show.html", **page_of(webhook, panel)), 422
    if is_piece_request():
        return _piece(panel, _result(panel, webhook), page_of(webhook))
    _wait(panel)
    here = url_for(".show", id=id, test=panel.sent, _anchor="test-result")
    return redirect(here, 303)


def start(webhook: Webhook) -> str | None:
    """Sends the sample of the webhook's first event; the delivery's id, None if too many wait."""
    panel = TestPanel.fresh(webhook.event_types)
    secrets = webhook.signing_secrets(current_vault(), now())
    problem = _send(panel, webhook.settings(current_vault()), secrets, webhook)
    return None if problem else panel.sent


def _panel() -> TestPanel:
    return TestPanel.parse(request.form, current_app.config["MAX_EVENT_SIZE"])


def _send(
    panel: TestPanel,
    settings: WebhookSettings,
    secrets: tuple[str, ...],
    owner: Webhook | str,
) -> str | None:
    """Starts the test of a webhook, or of a form whose webhook will get this id; says why not when
    so many are under way that another must wait.
    """
    if test_results.find(panel.sent, owner):
        return None  # its result is asked for
    webhook, own_id = (None, owner) if isinstance(owner, str) else (owner, owner.public_id)
    endpoint = Endpoint.from_settings(settings, secrets)
    test_event = Ping(
        public_id=new_id(DELIVERY),
        form_key=f"{own_id}:{panel.once}",
        endpoint=endpoint,
        event_type=panel.event,
        data=panel.payload,
        channel=settings.channel,
        webhook=webhook,
        draft_id=None if webhook else own_id,
    )
    try:
        panel.sent = ping.runner().send(test_event)
    except TooManyPingsError:
        return str(_("Many tests are waiting for their receivers. Try again in a few seconds."))
    return None


def _result(panel: TestPanel, owner: Webhook | str) -> Delivery | None:
    """The test's delivery: finished, or still under way when the receiver takes its time."""
    _wait(panel)
    return test_results.read(panel.sent, owner)


def _wait(panel: TestPanel) -> None:
    """Gives the test the time that a quick receiver needs."""
    ping.runner().wait(panel.sent, PIECE_WAITS if is_piece_request() else PAGE_WAITS)
    end_read()


def _piece(panel: TestPanel, result: Delivery | None, page: dict[str, Any] | None = None) -> str:
    context = (page or {}) | {"panel": panel.again(), "result": result}
    return render_template("webhooks/_test_result.html", **context)


def _refused_form(form: WebhookForm, panel: TestPanel) -> Answer:
    if not is_piece_request():
        return render_form(form, panel), 422
    return _errors_piece([*chain.from_iterable(form.errors.values()), *panel.errors.values()])


def _errors_piece(messages: list[str]) -> Answer:
    return render_template("webhooks/_test_errors.html", messages=messages), 422
