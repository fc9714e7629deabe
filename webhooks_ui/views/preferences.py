"""Preferences that a browser keeps: theme, language and keyboard shortcuts."""

from collections.abc import Container

from flask import Blueprint, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webhooks_ui.database.engine import transaction
from webhooks_ui.web.cookies import SHORTCUTS, THEME, THEMES, bound_name, remember
from webhooks_ui.web.i18n import COOKIE, LANGUAGES
from webhooks_ui.web.security import came_from, safe_next

blueprint = Blueprint("preferences", __name__)


@blueprint.post("/theme")
def theme() -> Response:
    """Sets the theme; with `system` the browser's system decides."""
    return _keep(THEME, _chosen("theme", THEMES))


@blueprint.post("/language")
def language() -> Response:
    """Sets the language, which is remembered with the user too."""
    chosen = _chosen("language", LANGUAGES)
    if current_user.is_authenticated:
        with transaction():
            current_user.user.language = chosen
    return _keep(COOKIE, chosen)


@blueprint.post("/help/shortcuts")
def shortcuts() -> Response:
    """Switches keyboard shortcuts on or off (WCAG 2.1.4)."""
    chosen = "on" if request.form.get("keys") == "on" else "off"
    return _keep(SHORTCUTS, chosen, url_for("help.show"))


def _chosen(name: str, offered: Container[str]) -> str:
    value = request.form.get(name, "")
    return value if value in offered else abort(400)


def _keep(name: str, value: str, page: str = "") -> Response:
    """Redirects to the page, else back, with the filters that htmx has set."""
    back = page or came_from() or safe_next(request.form.get("next"))
    answer = redirect(back or url_for("webhooks.index"), 303)
    remember(answer, bound_name(name), value)
    return answer
