"""How a webhook's authorization looks: with its secret on the way in, without on the way out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from webhooks_ui.api.body import Body
from webhooks_ui.authorization import kinds
from webhooks_ui.authorization.kinds import Authorization, Basic, Bearer, Custom, NoAuthorization
from webhooks_ui.models import Webhook

KEPT = "Left out, the secret that is stored stays, unless the kind changes."


class NoneBody(Body):
    """No authorization header."""

    type: Literal["none"]


class BearerBody(Body):
    """`Authorization: Bearer <token>`."""

    type: Literal["bearer"]
    token: str


class BasicBody(Body):
    """`Authorization: Basic …`, RFC 7617 in UTF-8; a login holds no colon."""

    type: Literal["basic"]
    login: str
    password: str


class CustomBody(Body):
    """A header of your own choosing."""

    type: Literal["custom"]
    header_name: str
    header_value: str


class BearerChange(BearerBody):
    """`Authorization: Bearer <token>`."""

    token: str = Field(default="", description=KEPT)


class BasicChange(BasicBody):
    """`Authorization: Basic …`, RFC 7617 in UTF-8."""

    login: str = ""
    password: str = Field(default="", description=KEPT)


class CustomChange(CustomBody):
    """A header of your own choosing."""

    header_name: str = ""
    header_value: str = Field(default="", description=KEPT)


class NoneShape(BaseModel):
    """No authorization header."""

    type: Literal["none"] = "none"


class BearerShape(BaseModel):
    """A bearer token, which is not shown."""

    type: Literal["bearer"] = "bearer"
    token_set: bool


class BasicShape(BaseModel):
    """Login and password, which is not shown."""

    type: Literal["basic"] = "basic"
    login: str
    password_set: bool


class CustomShape(BaseModel):
    """A header, the value of which is not shown."""

    type: Literal["custom"] = "custom"
    header_name: str
    header_value_set: bool


_by_type = Field(discriminator="type")
AuthorizationBody = Annotated[NoneBody | BearerBody | BasicBody | CustomBody, _by_type]
AuthorizationChange = Annotated[NoneBody | BearerChange | BasicChange | CustomChange, _by_type]
AuthorizationShape = Annotated[NoneShape | BearerShape | BasicShape | CustomShape, _by_type]
BLANKS: dict[Any, dict[str, str]] = {
    "bearer": {"token": ""},
    "basic": {"login": "", "password": ""},
    "custom": {"header_name": "", "header_value": ""},
}


def blanks(values: dict[str, Any]) -> dict[str, Any]:
    """The members of a webhook, with blanks in its authorization for what is missing there."""
    given = values.get("authorization")
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(kind, str) or kind not in BLANKS:
        return values
    return values | {"authorization": BLANKS[kind] | given}


def authorization_of(body: AuthorizationBody | AuthorizationChange) -> Authorization:
    """What was meant, tidied as the form does."""
    match body:
        case BearerBody(token=token):
            chosen: Authorization = Bearer(token)
        case BasicBody(login=login, password=password):
            chosen = Basic(login, password)
        case CustomBody(header_name=name, header_value=value):
            chosen = Custom(name, value)
        case _:
            chosen = NoAuthorization()
    return kinds.tidy(chosen)


def keeping(body: AuthorizationChange, stored: Authorization) -> AuthorizationChange:
    """The change, with what it leaves out as it is stored; only where the kind stays."""
    match body, stored:
        case BearerChange(), Bearer(token):
            kept = {"token": token}
        case BasicChange(), Basic(login, password):
            kept = {"login": login, "password": password}
        case CustomChange(), Custom(name, value):
            kept = {"header_name": name, "header_value": value}
        case _:
            return body
    given = {name: text for name, text in body.model_dump().items() if text}
    return type(body)(**(kept | given))


def authorization_shape(webhook: Webhook) -> AuthorizationShape:
    """What may be told of a webhook's authorization."""
    kept = webhook.auth_secret is not None
    match webhook.auth_type:
        case "bearer":
            return BearerShape(token_set=kept)
        case "basic":
            return BasicShape(login=webhook.auth_login or "", password_set=kept)
        case "custom":
            return CustomShape(header_name=webhook.auth_header_name or "", header_value_set=kept)
        case _:
            return NoneShape()
