"""No authorization."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import Authorization, Header


@dataclass(frozen=True, slots=True)
class NoAuthorization(Authorization):
    """No authorization header."""

    type = "none"
    label = _l("None")
    hint = _l("no authorization header")
    description = "No authorization header."
    description_of_answer = description

    def headers(self, _timestamp: int, _body: bytes) -> tuple[Header, ...]:
        return ()

    def member_problems(self) -> dict[str, LazyString | None]:
        return {}
