"""The rules of a source, for the form and for files of the configuration."""

from collections.abc import Iterator

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.models.source_changes import SourceSettings
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.validation import name as name_rules

MAX_SECRET = 255  # characters
MAX_PREFIX = 40


def problems(settings: SourceSettings) -> Iterator[tuple[str, LazyString]]:
    """What keeps the source from being saved, by the form's fields."""
    if problem := name_rules.problem(settings.name):
        yield "name", problem
    secret, options = settings.secret or "", settings.options
    if len(secret) > MAX_SECRET or not secret.isprintable():
        yield "secret", _l("Copy the secret from Chatwoot once more.")
    if len(options.substatus_key) > channel_rules.MAX_KEY_CHARACTERS:
        yield "substatus_key", _l("Write the attribute's key as Chatwoot has it.")
    prefix = options.channel_prefix
    if len(prefix) > MAX_PREFIX:
        yield "channel_prefix", _l("Shorten this to %(most)s characters.", most=MAX_PREFIX)
    elif prefix and (problem := channel_rules.key_problem(prefix)):
        yield "channel_prefix", problem
