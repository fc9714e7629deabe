"""Bearer: a static API key or token."""

import re
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import MASK, Authorization, Header, echo
from webhooks_ui.authorization.header_rules import value_problem

_PASTED_SCHEME = re.compile(r"^(?:authorization\s*:\s*|bearer(?:\s+|$))+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bearer(Authorization):
    """`Authorization: Bearer <token>` (RFC 6750 §2.1); the token is sent as given."""

    type = "bearer"
    label = "Bearer"
    hint = _l("a static API key or token")
    description = "`Authorization: Bearer <token>`; spaces around the token are left out."
    description_of_answer = "A bearer token, which is not shown."

    token: str = field(repr=False, metadata={"label": _l("Token"), "kept": _l("token set")})

    def headers(self, _timestamp: int, _body: bytes) -> tuple[Header]:
        return (("Authorization", f"Bearer {self.token}"),)

    def masked(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {MASK}"}

    def tidied(self) -> "Bearer":
        return Bearer(_PASTED_SCHEME.sub("", self.token.strip()).strip())

    def member_problems(self) -> dict[str, LazyString | None]:
        if not self.token:
            return {"token": _l("Enter the token that the receiver expects.")}
        return {"token": value_problem(self.token)}

    def echoes(self) -> list[tuple[str, str]]:
        return echo(self.token) or [(f"Bearer {self.token}", f"Bearer {MASK}")]
