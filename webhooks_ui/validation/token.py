"""The rules of an API token, for the form and the command line."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.models.token import SCOPES

MAX_NAME_CHARACTERS = 200


def problems(name: str, scope: str) -> dict[str, LazyString]:
    """What keeps the token from being made, by field: `name`, `scope`."""
    found = {
        "name": name_problem(name),
        "scope": None if scope in SCOPES else _l("Choose what the token may do."),
    }
    return {field: problem for field, problem in found.items() if problem is not None}


def name_problem(name: str) -> LazyString | None:
    """What keeps a text from being a token's name, or None."""
    if not name:
        return _l("Enter a name that says who uses the token.")
    if len(name) > MAX_NAME_CHARACTERS:
        return _l("Shorten the name to %(most)s characters.", most=MAX_NAME_CHARACTERS)
    if not name.isprintable():
        return _l("Remove line breaks and control characters from the name.")
    return None
