"""What each role may open: a viewer looks, an editor changes things, an administrator all of it.

The sign-in wall refuses by this rule, and templates offer by it.
"""

from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from webhooks_ui.web import payloads

LABELS = {"admin": _l("Administrator"), "editor": _l("Editor"), "viewer": _l("Viewer")}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN_TO_ALL = {
    "static",
    "auth.login",
    "second_factor.ask",
    "auth.setup",
    "account_link.use",
    "account_link.ask",
    "openid.begin",
    "openid.back",
    "preferences.language",
    "preferences.theme",
    "monitoring.alive",
    "monitoring.ready",
    "monitoring.show_metrics",
    "receiver.arrive",
}
OPEN_TO_VIEWERS = OPEN_TO_ALL | {
    *(
        "auth.logout",
        "account.show",
        "second_factor.show",
        "second_factor.remove",
        "account.choose_timezone",
        "account.set_email",
        "account.end_session",
        "account.end_sessions",
        "preferences.shortcuts",
        "verify.check",
    )
}
ONLY_FORMS = {
    *("webhooks.new", "webhooks.edit", "channels.new", "channels.edit"),
    *("sources.new", "sources.edit"),
}
"""Pages with nothing to look at but a form to save."""
PAYLOADS = {"events.data"}
"""Files that are payloads; pages leave theirs out."""
FOR_ADMINISTRATORS = {"tokens", "people", "audit", "about", "configuration"}
"""Blueprints, also to look at."""


def init_app(app: Flask) -> None:
    """Gives templates `may`, `may_read_payloads` and `role_labels`."""
    app.jinja_env.globals.update(
        may=may, may_read_payloads=payloads.may_be_read, role_labels=LABELS
    )


def may(endpoint: str, method: str = "POST") -> bool:
    """Whether the signed-in user may request `endpoint` with this method."""
    if endpoint in OPEN_TO_VIEWERS:
        return True
    if is_for_administrators(endpoint):
        return bool(current_user.is_authenticated and current_user.user.may_administer)
    if endpoint in PAYLOADS and not payloads.may_be_read():
        return False
    if method in SAFE_METHODS and endpoint not in ONLY_FORMS:
        return True
    return bool(current_user.is_authenticated and current_user.user.may_edit)


def is_for_administrators(endpoint: str) -> bool:
    """Whether nobody else may open it, not even to look."""
    return endpoint.partition(".")[0] in FOR_ADMINISTRATORS
