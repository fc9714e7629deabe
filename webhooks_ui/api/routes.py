"""What of the API is there from the start: its pages, to which others lead."""

from flask import Blueprint, Response

from webhooks_ui.api import access
from webhooks_ui.api.paths import NAME, PREFIX

blueprint = Blueprint(NAME, __name__, url_prefix=PREFIX)
blueprint.after_request(access.record_use)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The description; open to all, since it tells nothing of this installation."""
    from webhooks_ui.api import description

    return description.answer()


@blueprint.get("/docs")
def docs() -> str:
    """Every operation with what goes in, what comes out, and examples."""
    from webhooks_ui.api import docs as described

    return described.page()
