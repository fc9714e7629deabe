"""Set-up, sign-in, sign-out."""

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.accounts import sessions, setup_link
from webhooks_ui.forms.account import SetUpForm, SignInForm
from webhooks_ui.models import User
from webhooks_ui.web.security import safe_next

blueprint = Blueprint("auth", __name__)
Answer = Response | str | tuple[str, int]


@blueprint.route("/setup", methods=["GET", "POST"])
def setup() -> Answer:
    """Makes the first administrator; needs the token of the one-time link."""
    if User.exists():
        return redirect(url_for(".login"), 303)
    token = request.values.get("token", "")
    if not setup_link.is_setup_token(token, current_app.config["SECRET_KEY"]):
        return render_template("auth/setup_link.html", wrong=bool(token)), 403
    form = SetUpForm()
    if request.method == "GET":
        return render_template("auth/setup.html", form=form)
    if form.save():
        flash(_("The console is set up, and you are signed in."), "good")
        return redirect(url_for("webhooks.index"), 303)
    if User.exists():  # in a concurrent request
        return redirect(url_for(".login"), 303)
    return render_template("auth/setup.html", form=form), 422


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Answer:
    """Signs in and goes on to `next`."""
    if not User.exists():
        return render_template("auth/setup_link.html", wrong=False)
    form = SignInForm()
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(_destination(), 303)
        return render_template("auth/login.html", form=form, ended=sessions.has_ended())
    if form.sign_in():
        return redirect(_destination(), 303)
    answer = make_response(render_template("auth/login.html", form=form), 422)
    if form.refusal and form.refusal.wait:
        answer.status_code = 429
        answer.retry_after = form.refusal.retry_after
    return answer


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


def _destination() -> str:
    """The page that asked for the sign-in, unless it was the sign-out."""
    wanted = safe_next(request.args.get("next"))
    return wanted if wanted and wanted != url_for(".logout") else url_for("webhooks.index")
