"""No authorization."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization


@dataclass(frozen=True, slots=True)
class NoAuthorization(Authorization):
    """No authorization header."""

    type = "none"
    label = _l("None")
    hint = _l("no authorization header")
    description = "No authorization header."
    description_of_answer = description

    def header(self, _timestamp: int) -> None:
        return None

    def member_problems(self) -> dict[str, LazyString | None]:
        return {}
