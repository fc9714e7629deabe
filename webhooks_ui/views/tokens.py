"""The API tokens: the list, and making and revoking one. For administrators."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import security_log
from webhooks_ui.database.engine import transaction
from webhooks_ui.forms.token import SCOPE_LABELS, TokenForm
from webhooks_ui.models import Token
from webhooks_ui.models.pages import number_of
from webhooks_ui.text.visibility import isolated
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page, or_404
from webhooks_ui.web.shown_once import show_once, take_shown

blueprint = Blueprint("tokens", __name__)
_NEW = "new_token"


@blueprint.get("/settings/tokens")
def index() -> str:
    """The tokens. The text of a new one is shown once, in the browser that made it."""
    return render_template(
        "tokens/list.html",
        page=Token.page(number_of(request.args.get("page", ""))),
        page_url=lambda n: url_for(".index", page=n),
        scopes=SCOPE_LABELS,
        made=take_shown(_NEW),
    )


@blueprint.route("/settings/tokens/new", methods=["GET", "POST"])
@keeps_typed
def new() -> Answer:
    form = TokenForm()
    if request.method != "POST" or not form.check():
        return form_page("tokens/form.html", form=form)
    with transaction():
        text = Token.issue(
            form.name.data,
            form.scope.data,
            expires_at=form.expires_at,
            created_by=current_user.login,
        )
    security_log.noted(f"token made, scope {form.scope.data}")
    show_once(_NEW, text)
    return redirect(url_for(".index"), 303)


@blueprint.get("/settings/tokens/<id>/revoke")
def ask_to_revoke(id: str) -> str:
    """Asks for confirmation, since there is no way back."""
    return render_template("tokens/revoke.html", token=or_404(Token.by_public_id(id)))


@blueprint.post("/settings/tokens/<id>/revoke")
def revoke(id: str) -> Response:
    """Deletes a token; a second click finds it done."""
    with transaction():
        name = Token.revoke(id)
    if name is not None:
        security_log.noted(f"{id} revoked")
        flash(
            _(
                "Token “%(name)s” revoked. Requests that use it are refused within a second.",
                name=isolated(name),
            ),
            "good",
        )
    return redirect(url_for(".index"), 303)
