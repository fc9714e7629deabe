"""The rules of a channel, for the form, the API, the command line and events that make one."""

import re

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.catalogue.channel_kinds import CHANNEL_KINDS
from webhooks_ui.models import Channel
from webhooks_ui.text.visibility import isolated
from webhooks_ui.validation import name as name_rule

MAX_KEY_CHARACTERS = 100
KEY_PATTERN = r"[A-Za-z0-9._-]+"
_KEY = re.compile(KEY_PATTERN)


def problems(key: str, name: str, kind: str) -> dict[str, LazyString]:
    """What keeps the channel from being saved, by field: `key`, `name`, `kind`."""
    found = {
        "key": key_problem(key),
        "name": name_rule.problem(name),
        "kind": None if kind in CHANNEL_KINDS else _l("Choose one of the kinds in the list."),
    }
    return {field: problem for field, problem in found.items() if problem is not None}


def key_taken(holder: Channel) -> LazyString:
    """What to say when the key is another channel's."""
    return _l(
        "The channel “%(name)s” has this key. Choose another one.", name=isolated(holder.name)
    )


def key_problem(key: str) -> LazyString | None:
    """What keeps a text from being a channel's key, or None."""
    if not key:
        return _l("Enter the key that events use for this channel.")
    if len(key) > MAX_KEY_CHARACTERS:
        return _l("Shorten the key to %(most)s characters.", most=MAX_KEY_CHARACTERS)
    if not _KEY.fullmatch(key):
        return _l("Use only Latin letters, digits, dots, underscores and hyphens.")
    return None
