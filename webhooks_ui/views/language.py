"""The language switch, remembered with the user or, before sign-in, in a cookie."""

from flask import Blueprint, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.database.engine import transaction
from webhooks_ui.web.cookies import bound_name, remember
from webhooks_ui.web.i18n import COOKIE, LANGUAGES
from webhooks_ui.web.security import came_from, safe_next

blueprint = Blueprint("language", __name__)


@blueprint.post("/language")
def switch() -> Response:
    """Sets `language` and redirects to the page with the filters that htmx has set, or `next`."""
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(400)
    if current_user.is_authenticated:
        with transaction():
            current_user.user.language = chosen
    page = came_from() or safe_next(request.form.get("next")) or url_for("webhooks.index")
    answer = redirect(page, 303)
    remember(answer, bound_name(COOKIE), chosen)
    return answer
