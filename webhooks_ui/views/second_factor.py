"""The second factor: its code at sign-in, and switching it on and off for oneself."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import second_factor
from webhooks_ui.forms.second_factor import CodeForm, SwitchOffForm
from webhooks_ui.views.auth import lead_on
from webhooks_ui.web import kept_form
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page
from webhooks_ui.web.shown_once import show_once, take_shown

blueprint = Blueprint("second_factor", __name__)
_CODES = "recovery_codes"


@blueprint.route("/login/code", methods=["GET", "POST"])
@keeps_typed
@max_body(with_event)  # a form that is kept meanwhile
def ask() -> Response | str:
    """The second step of a sign-in."""
    kept = request.form.get(kept_form.FIELD, "")
    if second_factor.awaited() is None:
        flash(_("Enter login and password again: the code came too late."), "wait")
        return redirect(url_for("auth.login", next=request.args.get("next")), 303)
    form = CodeForm()
    if request.method == "POST" and form.sign_in():
        return lead_on(kept)
    wanted, retry_after = request.args.get("next"), form.retry_after
    return form_page("auth/code.html", retry_after=retry_after, form=form, kept=kept, wanted=wanted)


@blueprint.route("/settings/account/second-factor", methods=["GET", "POST"])
@keeps_typed
def show() -> Answer:
    """Switches it on by a first code; its recovery codes are shown once."""
    user = current_user.user
    if user.totp_secret is not None:
        if request.method == "POST":  # a second click
            return redirect(url_for(".show"), 303)
        return _page(SwitchOffForm(formdata=None))
    form = CodeForm()
    if request.method == "POST" and (codes := form.enable(user)) is not None:
        if codes:
            show_once(_CODES, "\n".join(codes))
        return redirect(url_for(".show"), 303)
    return _page(form)


@blueprint.post("/settings/account/second-factor/remove")
@keeps_typed
def remove() -> Answer:
    """Switches one's own off, which takes more than a signed-in browser."""
    form = SwitchOffForm()
    if current_user.user.totp_secret is not None:  # else by a second click
        if not form.save():
            return _page(form)
        flash(_("Second factor off: signing in requires no code."), "good")
    return redirect(url_for("account.show"), 303)


def _page(form: CodeForm | SwitchOffForm) -> Response:
    user, is_on = current_user.user, isinstance(form, SwitchOffForm)
    secret = form.offer(user) if isinstance(form, CodeForm) else ""
    return form_page(
        "account/second_factor.html",
        retry_after=form.retry_after,
        form=form,
        is_on=is_on,
        left=len(user.recovery_codes or []),
        secret=secret,
        qr=second_factor.qr_code(user.login, secret) if secret else "",
        codes=(take_shown(_CODES) or "").split(),
    )
