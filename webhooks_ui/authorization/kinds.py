"""A webhook's authorization: what its owner gave, and the one header that it becomes.

The form's fields name the problems: `auth_token`, `auth_login`, `auth_password`,
`auth_header_name`, `auth_header_value`. redaction.py keeps the secret out of what is stored.
"""

import base64
import re
import unicodedata
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization import header_rules

MASK = "••••••••"

_PASTED_SCHEME = re.compile(r"^(?:authorization\s*:\s*|bearer(?:\s+|$))+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoAuthorization:
    """No authorization header."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <token>` (RFC 6750 §2.1); the token is sent as given."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Basic:
    """`Authorization: Basic …` (RFC 7617), in UTF-8."""

    login: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Custom:
    """A header of the owner's own choosing."""

    header_name: str
    header_value: str = field(repr=False)


Authorization = NoAuthorization | Bearer | Basic | Custom


def header(auth: Authorization) -> tuple[str, str] | None:
    """The header's name and value, or None where there is none."""
    match auth:
        case NoAuthorization():
            return None
        case Bearer(token):
            return "Authorization", f"Bearer {token}"
        case Basic():
            return "Authorization", f"Basic {basic_credentials(auth)}"
        case Custom(name, value):
            return name, value


def masked(auth: Authorization) -> tuple[str, str] | None:
    """The same header with its secret replaced by dots."""
    match auth:
        case NoAuthorization():
            return None
        case Custom(name, _):
            return name, MASK
        case _:
            return "Authorization", f"{type(auth).__name__} {MASK}"


def basic_credentials(auth: Basic) -> str:
    """Base64 of `login:password` in UTF-8 (RFC 7617 §2)."""
    return base64.b64encode(f"{auth.login}:{auth.password}".encode()).decode()


def tidy(auth: Authorization) -> Authorization:
    """What was meant by what was typed or pasted; doing it twice changes nothing more.

    White space around each value goes, from a password too. A token loses a pasted "Bearer", a
    header's name its colon, and "Name: value" pasted as the name is taken apart. Login and
    password become NFC (RFC 7617 §2.1), so that й typed as two characters is the same as й.
    """
    match auth:
        case NoAuthorization():
            return auth
        case Bearer(token):
            return Bearer(_PASTED_SCHEME.sub("", token.strip()).strip())
        case Basic(login, password):
            return Basic(_nfc(login), _nfc(password))
        case Custom(name, value):
            return _tidy_custom(name.strip(), value.strip())


def problems(auth: Authorization) -> dict[str, LazyString]:
    """What keeps the authorization from being sent, by form field; empty when nothing does."""
    match auth:
        case NoAuthorization():
            found: dict[str, LazyString | None] = {}
        case Bearer(token):
            found = {"auth_token": _token_problem(token)}
        case Basic(login, password):
            found = {
                "auth_login": _login_problem(login),
                "auth_password": _password_problem(password),
            }
        case Custom(name, value):
            found = {
                "auth_header_name": header_rules.name_problem(name),
                "auth_header_value": _value_problem(value),
            }
    return {name: problem for name, problem in found.items() if problem is not None}


def _tidy_custom(name: str, value: str) -> Custom:
    if not value:
        name, _, value = name.partition(":")
    return Custom(name.strip().rstrip(": "), value.strip())


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _token_problem(token: str) -> LazyString | None:
    if not token:
        return _l("Enter the token that the receiver expects.")
    return header_rules.value_problem(token)


def _value_problem(value: str) -> LazyString | None:
    return header_rules.value_problem(value) if value else _l("Enter the header's value.")


def _login_problem(login: str) -> LazyString | None:
    if not login:
        return _l("Enter the login.")
    if ":" in login:
        return _l("A login cannot contain a colon: in Basic authorization the login ends there.")
    return header_rules.text_problem(login)


def _password_problem(password: str) -> LazyString | None:
    return header_rules.text_problem(password) if password else _l("Enter the password.")
