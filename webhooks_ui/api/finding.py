"""Finding what a URL names."""

from typing import TypeVar

from flask_babel import lazy_gettext as _l

from webhooks_ui.web.problem import Problem

KeysetPage = TypeVar("KeysetPage")


def found(thing: KeysetPage | None) -> KeysetPage:
    """The thing, or a 404 in words."""
    if thing is None:
        raise Problem(404, _l("There is nothing of this id. It may have been deleted."))
    return thing
