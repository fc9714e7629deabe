"""One-time links: where one leads, a new account or a new password, and where one is asked for."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webhooks_ui.accounts import forgotten, openid
from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.forms.account import ForgottenForm
from webhooks_ui.forms.people import LinkForm
from webhooks_ui.models import AccountLink, User
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page

blueprint = Blueprint("account_link", __name__)


@blueprint.route("/invitation", methods=["GET", "POST"])
@keeps_typed
def use() -> Answer:
    """Asks for login and password, and signs in; a link that was used or is too old says so."""
    text = request.args.get("token", "")
    link = AccountLink.find(text)
    if link is None:
        return render_template("people/link_gone.html"), 404
    form = LinkForm.of(link)
    if request.method == "POST" and form.save(text):
        return _lead_on(form.refusal)
    if form.is_gone:
        return render_template("people/link_gone.html"), 404
    provider = openid.provider_name()
    return form_page("people/use_link.html", form=form, user=link.user, provider=provider)


def _lead_on(refusal: Refusal | None) -> Response:
    """On from a used link, by what became of the sign-in: who is signed in may be another."""
    if refusal and refusal.needs_code:
        return redirect(url_for("second_factor.ask"), 303)
    if refusal:
        text = _(
            "The password is set, but you are not signed in with it. %(reason)s",
            reason=refusal.message,
        )
        flash(text, "wait")
        return redirect(url_for("auth.login"), 303)
    flash(_("Welcome. You are signed in."), "good")
    return redirect(url_for("webhooks.index"), 303)


@blueprint.route("/forgotten", methods=["GET", "POST"])
@keeps_typed
def ask() -> Answer:
    """Has a link for a new password e-mailed, or says how else there is one."""
    if not User.exists():
        return redirect(url_for("auth.login"), 303)
    form, is_offered = ForgottenForm(), forgotten.is_offered()
    if request.method == "POST" and is_offered and form.ask():
        said = _("If an account with this login has an e-mail address, a link is on its way.")
        flash(said, "good")
        return redirect(url_for("auth.login"), 303)
    retry_after = form.retry_after
    return form_page("auth/forgotten.html", retry_after=retry_after, form=form, offered=is_offered)
