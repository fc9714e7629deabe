"""Sign-in by OpenID Connect: to the provider, and back."""

from flask import Blueprint, abort, current_app, flash, redirect, url_for
from werkzeug.wrappers import Response

from webhooks_ui.accounts import openid
from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.models import User
from webhooks_ui.web.security import safe_next

blueprint = Blueprint("openid", __name__, url_prefix="/login/openid")


@blueprint.before_request
def _require_provider() -> None:
    if not current_app.config["OIDC_ISSUER"] or not User.exists():
        abort(404)


@blueprint.get("")
def begin() -> Response:
    """On to the provider."""
    answer = openid.begin()
    return _refused(answer) if isinstance(answer, Refusal) else answer


@blueprint.get("/back")
def back() -> Response:
    """Back from the provider, signed in or not."""
    answer = openid.finish()
    if isinstance(answer, Refusal):
        return _refused(answer)
    return redirect(safe_next(answer) or url_for("webhooks.index"), 303)


def _refused(refusal: Refusal) -> Response:
    if refusal.needs_code:
        return redirect(url_for("second_factor.ask"), 303)
    flash(refusal.message, "bad")
    return redirect(url_for("auth.login"), 303)
