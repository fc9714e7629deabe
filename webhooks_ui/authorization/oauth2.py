"""OAuth 2.0 client credentials: the token is fetched, and sent as Bearer."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from webhooks_ui.authorization.base import MASK, Authorization, Header, echo
from webhooks_ui.authorization.header_rules import text_problem


@dataclass(frozen=True, slots=True)
class OAuth2(Authorization):
    """The client credentials grant (RFC 6749 section 4.4).

    `delivery.access_tokens` fetches a token with it and puts `Bearer` in its place; on its own it
    makes no header.
    """

    type = "oauth2"
    label = "OAuth 2.0"
    hint = _l("client credentials: a token is fetched and renewed automatically")
    description = (
        "OAuth 2.0 client credentials (RFC 6749 section 4.4): a token is fetched from `token_url`"
        " and sent as `Authorization: Bearer`. The same rules of egress hold for `token_url`."
    )
    description_of_answer = "OAuth 2.0 client credentials; the client's secret is not shown."
    form_prefix = "auth_oauth2_"
    is_folded = True

    token_url: str = field(
        metadata={
            "label": _l("Token URL"),
            "placeholder": "https://login.example/oauth2/token",
            "is_code": True,
        }
    )
    client_id: str = field(metadata={"label": _l("Client ID"), "is_code": True})
    client_secret: str = field(
        repr=False, metadata={"label": _l("Client secret"), "kept": _l("client secret set")}
    )
    scope: str = field(
        metadata={
            "label": _l("Scope"),
            "is_optional": True,
            "is_code": True,
            "hint": _l("Separate several with spaces."),
        }
    )

    @property
    def basic(self) -> str:
        """Id and secret for `Authorization: Basic`, each form-encoded (section 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return base64.b64encode(pair.encode()).decode()

    def headers(self, _timestamp: int, _body: bytes) -> tuple[Header, ...]:
        """Raises LookupError: nothing is sent without a token."""
        raise LookupError("an access token has to be fetched first")

    def header_names(self) -> tuple[str, ...]:
        return ("Authorization",)

    def masked(self) -> dict[str, str]:
        return {}

    def own_urls(self) -> Mapping[str, str]:
        return {"token_url": self.token_url}

    def echoes(self) -> list[tuple[str, str]]:
        """What the token's server may send back."""
        return [(self.basic, MASK), *echo(self.client_secret)]

    def member_problems(self) -> dict[str, LazyString | None]:
        """What is wrong with the URL is said by `validation.webhook`."""
        client, secret = self.client_id, self.client_secret
        return {
            "token_url": None if self.token_url else _l("Enter the address that issues tokens."),
            "client_id": text_problem(client) if client else _l("Enter the client ID."),
            "client_secret": text_problem(secret) if secret else _l("Enter the client secret."),
            "scope": text_problem(self.scope),
        }
