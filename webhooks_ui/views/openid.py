"""Sign-in by OpenID Connect: to the provider, and back."""

from flask import Blueprint, abort, current_app, flash, redirect, url_for
from werkzeug.wrappers import Response

from webhooks_ui.accounts import openid
from webhooks_ui.accounts.sign_in import Refusal
from webhooks_ui.models import User

blueprint = Blueprint("openid", __name__, url_prefix="/login/openid")


@blueprint.before_request
def _require_provider() -> None:
    if not current_app.config["OIDC_ISSUER"] or not User.exists():
        abort(404)


@blueprint.get("")
def begin() -> Response:
    """On to the provider."""
    answer = openid.begin()
    return _refused(answer, openid.wanted()) if isinstance(answer, Refusal) else answer


@blueprint.get("/back")
def back() -> Response:
    """Back from the provider, signed in or not."""
    wanted = openid.wanted()
    if refusal := openid.finish():
        return _refused(refusal, wanted)
    return redirect(wanted or url_for("webhooks.index"), 303)


def _refused(refusal: Refusal, wanted: str | None) -> Response:
    if refusal.needs_code:
        return redirect(url_for("second_factor.ask", next=wanted), 303)
    flash(refusal.message, "bad")
    return redirect(url_for("auth.login", next=wanted), 303)
