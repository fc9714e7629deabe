"""The rule of the names that people give: the same for webhooks, channels and tokens."""

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.text.visibility import has_controls, is_visible, turns_direction

MAX_CHARACTERS = 200


def problem(name: str) -> LazyString | None:
    """What keeps a text from being a name, or None; any space and any emoji may be in it."""
    if not name:
        return _l("Enter a name.")
    if len(name) > MAX_CHARACTERS:
        return _l("Shorten the name to %(most)s characters.", most=MAX_CHARACTERS)
    if has_controls(name):
        return _l("Remove line breaks and control characters from the name.")
    if turns_direction(name):
        return _l("Remove the characters from the name that change the direction of writing.")
    if not is_visible(name):
        return _l("Enter a name that can be seen.")
    return None
