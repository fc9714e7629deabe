"""Help: the keys of the console, and where to look further."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webhooks_ui.web.cookies import SHORTCUTS, bound_name, remember
from webhooks_ui.web.pieces import is_piece_request

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def show() -> str:
    """The page; htmx gets the keys alone."""
    template = "help/_keys.html" if is_piece_request() else "help/show.html"
    return render_template(template)


@blueprint.post("/help/shortcuts")
def switch() -> Response:
    """Switches the keys on or off for this browser (WCAG 2.1.4)."""
    answer = redirect(url_for(".show"), 303)
    chosen = "on" if request.form.get("keys") == "on" else "off"
    remember(answer, bound_name(SHORTCUTS), chosen)
    return answer
