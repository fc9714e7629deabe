"""Help: the keys of the console, and where to look further."""

from flask import Blueprint, render_template

from webhooks_ui.web.pieces import is_piece_request

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def show() -> str:
    """The page; htmx gets the keys alone."""
    template = "help/_keys.html" if is_piece_request() else "help/show.html"
    return render_template(template)
