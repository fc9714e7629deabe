"""Finding what a URL names."""

from typing import TypeVar

from flask_babel import lazy_gettext as _l

from webhooks_ui.web.problem import Problem

Row = TypeVar("Row")


def found(row: Row | None) -> Row:
    """The row, or a 404 if there is none."""
    if row is None:
        raise Problem(404, _l("There is nothing of this id. It may have been deleted."))
    return row
