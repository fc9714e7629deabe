"""The people who may sign in: the list, invitations, and a page for each. For administrators."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import openid, people, second_factor, user_agents
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.forms.people import RoleForm
from webhooks_ui.models import AccountLink, User, UserSession
from webhooks_ui.models.pages import number_of
from webhooks_ui.models.user import last_seen
from webhooks_ui.text.visibility import isolated
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page, or_404
from webhooks_ui.web.shown_once import show_once, take_shown

blueprint = Blueprint("people", __name__)
_LINK = "account_link"


@blueprint.get("/settings/users")
def index() -> str:
    """Who may sign in, and the invitations that are open; a new one's link is shown once."""
    page = User.page(number_of(request.args.get("page", "")))
    return render_template(
        "people/list.html",
        page=page,
        page_url=lambda n: url_for(".index", page=n),
        seen=last_seen(page.items),
        invitations=AccountLink.invitations(),
        link=take_shown(_LINK),
    )


@blueprint.route("/settings/users/new", methods=["GET", "POST"])
@keeps_typed
def new() -> Answer:
    form = RoleForm()
    if request.method != "POST" or not form.check():
        return form_page("people/invite.html", form=form)
    show_once(_LINK, link_url(people.invite(form.role.data, current_user.login)))
    return redirect(url_for(".index"), 303)


@blueprint.post("/settings/users/invitations/<row:id>/withdraw")
def withdraw(id: int) -> Response:
    with transaction():
        AccountLink.withdraw(id)
    flash(_("Invitation withdrawn. Its link no longer works."), "good")
    return redirect(url_for(".index"), 303)


@blueprint.get("/settings/users/<row:id>")
def show(id: int) -> str:
    """A person: role, signed-in browsers, and what can be done."""
    return _page(or_404(db.session.get(User, id)))


@blueprint.post("/settings/users/<row:id>/role")
@keeps_typed
def set_role(id: int) -> Answer:
    """Gives the person another role."""
    form = RoleForm()
    user = or_404(db.session.get(User, id))
    if not form.check():
        return _page(user, form), 422
    if refusal := people.set_role(id, form.role.data):
        return _refused(id, refusal)
    flash(_("The role of %(login)s is changed.", login=isolated(user.login)), "good")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/settings/users/<row:id>/sign-out")
def sign_out(id: int) -> Response:
    """Signs the person out of every browser."""
    ended = or_404(people.sign_out(id))
    flash(
        ngettext("%(num)d browser was signed out.", "%(num)d browsers were signed out.", ended),
        "good",
    )
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/settings/users/<row:id>/link")
def offer_new_password(id: int) -> Response:
    """Makes a link for a new password, shown once on the person's page."""
    show_once(_LINK, link_url(or_404(people.offer_new_password(id, current_user.login))))
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/settings/users/<row:id>/second-factor/remove")
def remove_second_factor(id: int) -> Response:
    """Switches a person's second factor off, as when the phone is lost, but not one's own."""
    if id == current_user.user_id:
        return redirect(url_for("second_factor.show"), 303)
    if second_factor.remove(id):
        flash(_("Second factor off: signing in requires no code."), "good")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/settings/users/<row:id>/remove")
def remove(id: int) -> Answer:
    """Removes the person; a second click finds it done."""
    user = db.session.get(User, id)
    login = user.login if user else None
    if refusal := people.remove(id, current_user.user_id):
        return _refused(id, refusal)
    if login is not None:
        flash(_("%(login)s is removed and signed out everywhere.", login=isolated(login)), "good")
    return redirect(url_for(".index"), 303)


def link_url(text: str) -> str:
    """The address of a one-time link, as the outside sees the console."""
    return url_for("account_link.use", token=text, _external=True)


def _refused(id: int, why: LazyString) -> Answer:
    flash(why, "bad")
    return _page(or_404(db.session.get(User, id))), 409


def _page(user: User, form: RoleForm | None = None) -> str:
    return render_template(
        "people/show.html",
        user=user,
        form=form or RoleForm(formdata=None, obj=user),
        sessions=UserSession.of(user),
        browser=user_agents.in_words,
        link=take_shown(_LINK),
        comes_back_by=openid.provider_name() if openid.readmits() else "",
    )
