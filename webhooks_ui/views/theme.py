"""The theme switch: a cookie of this browser, without which the system decides."""

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from webhooks_ui.web.cookies import THEME, THEMES, bound_name, remember
from webhooks_ui.web.security import came_from, safe_next

blueprint = Blueprint("theme", __name__)


@blueprint.post("/theme")
def switch() -> Response:
    """Sets `theme` and redirects to the page with the filters that htmx has set, or `next`."""
    chosen = request.form.get("theme", "")
    if chosen not in THEMES:
        abort(400)
    page = came_from() or safe_next(request.form.get("next")) or url_for("webhooks.index")
    answer = redirect(page, 303)
    remember(answer, bound_name(THEME), chosen)
    return answer
