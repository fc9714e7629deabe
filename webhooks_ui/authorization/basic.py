"""Basic: login and password."""

import base64
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import MASK, Authorization, Header, echo
from webhooks_ui.authorization.header_rules import text_problem
from webhooks_ui.text.folding import composed


@dataclass(frozen=True, slots=True)
class Basic(Authorization):
    """`Authorization: Basic …` (RFC 7617), in UTF-8."""

    type = "basic"
    label = "Basic"
    hint = _l("login and password, or one of them")
    description = (
        "`Authorization: Basic …`, RFC 7617 in UTF-8; one of the two may be empty, a login holds no"
        " colon, spaces are kept."
    )
    description_of_change = "`Authorization: Basic …`, RFC 7617 in UTF-8; spaces are kept."
    description_of_answer = "Login and password, which is not shown."

    # The platform's own words for Basic, the same in every language.
    login: str = field(metadata={"label": "Login"})
    password: str = field(
        repr=False,
        metadata={
            "label": "Password",
            "kept": _l("password set"),
            "removal": _l("Remove the password"),
        },
    )

    @property
    def credentials(self) -> str:
        """Base64 of `login:password` in UTF-8 (RFC 7617 §2)."""
        return base64.b64encode(f"{self.login}:{self.password}".encode()).decode()

    def headers(self, _timestamp: int, _body: bytes) -> tuple[Header]:
        return (("Authorization", f"Basic {self.credentials}"),)

    def masked(self) -> dict[str, str]:
        return {"Authorization": f"Basic {MASK}"}

    def tidied(self) -> "Basic":
        """Both in NFC; spaces around them are theirs.

        RFC 7617 §2.1: й typed as two characters is the same as й.
        """
        return Basic(composed(self.login), composed(self.password))

    def member_problems(self) -> dict[str, LazyString | None]:
        """One of them has to be there; a login ends at the first colon (RFC 7617 §2)."""
        password = text_problem(self.password)
        if self.password and not self.password.strip():
            password = _l("Enter the password.")
        return {"login": self._login_problem(), "password": password}

    def echoes(self) -> list[tuple[str, str]]:
        """The pair in base64, and the password; a short one only behind its login.

        Spaces around the password may come back or not.
        """
        if not self.password:
            return [(self.credentials, MASK)]
        pair = (f"{self.login}:{self.password}", f"{self.login}:{MASK}")
        return [(self.credentials, MASK), *(echo(self.password.strip()) or [pair])]

    def _login_problem(self) -> LazyString | None:
        if not (self.login or self.password):
            return _l("Enter a login, a password or both.")
        if self.login and not self.login.strip():
            return _l("Enter the login.")
        if ":" in self.login:
            return _l(
                "A login cannot contain a colon: in Basic authorization the login ends there."
            )
        return text_problem(self.login)
