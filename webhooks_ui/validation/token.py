"""The rules of an API token, for the form and the command line."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.models.token import SCOPES
from webhooks_ui.validation import name as name_rule


def problems(name: str, scope: str) -> dict[str, LazyString]:
    """What keeps the token from being made, by field: `name`, `scope`."""
    found = {
        "name": name_rule.problem(name),
        "scope": None if scope in SCOPES else _l("Choose what the token may do."),
    }
    return {field: problem for field, problem in found.items() if problem is not None}
