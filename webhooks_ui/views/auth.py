"""Set-up, sign-in, sign-out."""

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import openid, sessions, setup_link
from webhooks_ui.forms.account import SetUpForm, SignInForm
from webhooks_ui.forms.second_factor import CodeForm
from webhooks_ui.models import User
from webhooks_ui.web import kept_form
from webhooks_ui.web.body_limits import max_body, with_event
from webhooks_ui.web.kept_form import keeps_typed
from webhooks_ui.web.pieces import Answer, form_page
from webhooks_ui.web.security import safe_next

blueprint = Blueprint("auth", __name__)


@blueprint.route("/setup", methods=["GET", "POST"])
@keeps_typed
def setup() -> Answer:
    """Makes the first administrator; needs the token of the one-time link."""
    if User.exists():
        return redirect(url_for(".login"), 303)
    token = request.values.get("token", "")
    if not setup_link.is_setup_token(token, current_app.config["SECRET_KEY"]):
        return render_template("auth/setup_link.html", wrong=bool(token)), 403
    form = SetUpForm()
    if request.method == "POST" and form.save():
        if current_user.is_authenticated:
            flash(_("The console is set up, and you are signed in."), "good")
        else:  # the throttle refused
            flash(_("The console is set up. Sign in with the login that you chose."), "good")
        return redirect(url_for("webhooks.index"), 303)
    if User.exists():  # in a concurrent request
        return redirect(url_for(".login"), 303)
    return form_page("auth/setup.html", form=form)


@blueprint.route("/login", methods=["GET", "POST"])
@keeps_typed
@max_body(with_event)  # a form that is kept meanwhile
def login() -> Answer:
    """Signs in and goes on to `next`."""
    if not User.exists():
        return render_template("auth/setup_link.html", wrong=False)
    if request.endpoint != "auth.login":
        return _sign_in_page(SignInForm(formdata=None), kept_form.seal())
    form, kept = SignInForm(), request.form.get(kept_form.FIELD, "")
    if current_user.is_authenticated and (request.method != "POST" or kept_form.is_unsent()):
        return lead_on(kept)  # signed in meanwhile, in another tab
    if request.method == "POST" and form.sign_in():
        return lead_on(kept)
    if form.refusal and form.refusal.needs_code:
        context = {"form": CodeForm(formdata=None), "wanted": request.args.get("next")}
        return render_template("auth/code.html", kept=kept, **context)
    return _sign_in_page(form, kept)


@blueprint.get("/logout")
def ask_to_log_out() -> str:
    """Asks for confirmation, since GET changes nothing."""
    return render_template("auth/logout.html")


@blueprint.post("/logout")
def logout() -> Response:
    """Signs this browser out."""
    sessions.end()
    flash(_("You are signed out."), "good")
    return redirect(url_for(".login"), 303)


def _sign_in_page(form: SignInForm, kept: str) -> Response:
    """The page; `kept` is the form that goes on after the sign-in."""
    return form_page(
        "auth/login.html",
        retry_after=form.retry_after,
        form=form,
        kept=kept,
        wanted=request.args.get("next"),
        ended=sessions.has_ended(),
        provider=openid.provider_name(),
    )


def lead_on(kept: str) -> Response:
    """To the form that was under way, with what was typed; else to the page that was wanted."""
    if kept and (path := kept_form.path_of(kept)):
        return redirect(path, 307)  # the browser posts the kept form on
    if kept:
        flash(_("What was typed before is not kept any longer. Nothing was saved."), "wait")
    return redirect(_destination(), 303)


def _destination() -> str:
    """The page that asked for the sign-in, unless it was the sign-out."""
    wanted = safe_next(request.args.get("next"))
    return wanted if wanted and wanted != url_for("auth.logout") else url_for("webhooks.index")
