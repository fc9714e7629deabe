"""The user's own account: the password, the time zone and the signed-in browsers."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import forgotten, openid, sessions, user_agents
from webhooks_ui.forms.account import EmailForm, PasswordForm, TimeZoneForm
from webhooks_ui.models import UserSession
from webhooks_ui.web import timezones
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import form_page

blueprint = Blueprint("account", __name__)


@blueprint.route("/settings/account", methods=["GET", "POST"])
@keeps_typed
def show() -> Response:
    """The account; POST changes the password."""
    form = PasswordForm()
    if request.method == "POST" and form.save():
        flash(_("Password changed. Other browsers were signed out."), "good")
        return redirect(url_for(".show"), 303)
    return _page(form)


@blueprint.post("/settings/account/timezone")
@keeps_typed
def choose_timezone() -> Response:
    """Sets the zone that the user reads times in."""
    form = TimeZoneForm()
    if not form.save():
        return _page(zone_form=form)
    flash(_("Time zone saved."), "good")
    return redirect(url_for(".show"), 303)


@blueprint.post("/settings/account/email")
@keeps_typed
def set_email() -> Response:
    """Sets where a link for a new password is sent."""
    form = EmailForm()
    if form.save():
        flash(_("E-mail address saved."), "good")
        return redirect(url_for(".show"), 303)
    return _page(email_form=form)


@blueprint.post("/settings/account/sessions/end")
def end_sessions() -> Response:
    """Ends the user's other sessions."""
    ended = sessions.end_others()
    flash(
        ngettext(
            "%(num)d other browser was signed out.",
            "%(num)d other browsers were signed out.",
            ended,
        )
        if ended
        else _("No other browser was signed in."),
        "good",
    )
    return redirect(url_for(".show"), 303)


@blueprint.post("/settings/account/sessions/<row:id>/end")
def end_session(id: int) -> Response:
    """Ends one of the user's other sessions."""
    if sessions.end_one(id):
        flash(_("The browser was signed out."), "good")
    else:
        flash(_("This browser is not signed in any more."), "info")
    return redirect(url_for(".show"), 303)


def _page(
    form: PasswordForm | None = None,
    zone_form: TimeZoneForm | None = None,
    email_form: EmailForm | None = None,
) -> Response:
    user, own_id = current_user.user, current_user.id
    mails = forgotten.is_offered() and not user.oidc_subject
    refusal = (form and form.refusal) or (email_form and email_form.refusal)
    return form_page(
        "account/show.html",
        retry_after=refusal.retry_after if refusal else 0,
        refused=refusal,
        form=form or PasswordForm(formdata=None),
        zone_form=zone_form or TimeZoneForm(formdata=None, timezone=timezones.chosen()),
        email_form=email_form or (EmailForm(formdata=None, obj=user) if mails else None),
        user=user,
        sessions=sorted(UserSession.of(user), key=lambda session: session.id != own_id),
        own_id=own_id,
        browser=user_agents.in_words,
        provider=openid.provider_name(),
    )
