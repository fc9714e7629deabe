"""How a webhook's authorization looks: with its secret on the way in, without on the way out."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from webhooks_ui.api.body import Body
from webhooks_ui.authorization.base import Authorization, Input
from webhooks_ui.authorization.kinds import KINDS, kind_of
from webhooks_ui.models import Webhook

KEPT = (
    "Left out, the secret that is stored stays, unless the kind changes. It is needed again where"
    " the scheme, host or port of the URL changes."
)

Kind = type[Authorization]
_literal: Any = Literal


class _KindBody(Body):
    """An authorization as a body gives it."""

    type: str


def _field(one: Input) -> Any:
    """A member that may be left out."""
    schema: dict[str, Any] = {"enum": list(one.choices)} if one.choices else {}
    return Field(default=one.default, json_schema_extra=schema)


def _body(kind: Kind) -> type[_KindBody]:
    members: dict[str, Any] = {
        one.name: (str, _field(one) if one.default or one.is_optional else ...)
        for one in kind.inputs()
    }
    return create_model(
        f"{kind.type.capitalize()}Body",
        __base__=_KindBody,
        __doc__=kind.description,
        type=(_literal[kind.type], ...),
        **members,
    )


def _change(kind: Kind) -> type[_KindBody]:
    """A body in which everything but the type may be left out."""
    body = BODIES[kind.type]
    if not kind.inputs():
        return body
    kept = Field(default="", description=KEPT)
    members: dict[str, Any] = {
        one.name: (str, kept if one.is_secret else _field(one)) for one in kind.inputs()
    }
    return create_model(
        f"{kind.type.capitalize()}Change",
        __base__=body,
        __doc__=kind.description_of_change or kind.description,
        **members,
    )


def _shape(kind: Kind) -> type[BaseModel]:
    """What is told of a kind: of a secret only whether it is set."""
    members: dict[str, Any] = {
        f"{one.name}_set" if one.is_secret else one.name: (bool if one.is_secret else str, ...)
        for one in kind.inputs()
    }
    return create_model(
        f"{kind.type.capitalize()}Shape",
        __doc__=kind.description_of_answer,
        type=(_literal[kind.type], kind.type),
        **members,
    )


BODIES = {kind.type: _body(kind) for kind in KINDS.values()}
CHANGES = {kind.type: _change(kind) for kind in KINDS.values()}
SHAPES = {kind.type: _shape(kind) for kind in KINDS.values()}

if TYPE_CHECKING:
    AuthorizationBody = _KindBody
    AuthorizationChange = _KindBody
    AuthorizationShape = BaseModel
else:  # unions that are made from the list
    _by_type = Field(discriminator="type")
    AuthorizationBody = Annotated[reduce(or_, BODIES.values()), _by_type]
    AuthorizationChange = Annotated[reduce(or_, CHANGES.values()), _by_type]
    AuthorizationShape = Annotated[reduce(or_, SHAPES.values()), _by_type]

NONE = BODIES["none"](type="none")


def blanks(values: dict[str, Any]) -> dict[str, Any]:
    """The members of a webhook, with blanks in its authorization for what is missing there."""
    given = values.get("authorization")
    named = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(named, str) or named not in KINDS:
        return values
    empty = {one.name: one.default for one in KINDS[named].inputs()}
    return values | {"authorization": empty | given}


def authorization_of(body: AuthorizationBody, stored: Authorization) -> Authorization:
    """What is meant; where the kind stays, what is left out stays as it is stored."""
    given: Mapping[str, str] = body.model_dump(exclude={"type"})
    if body.type == stored.type:
        given = stored.members | body.model_dump(exclude={"type"}, exclude_unset=True)
    return kind_of(body.type).from_members(given).tidied()


def authorization_shape(webhook: Webhook) -> AuthorizationShape:
    """What may be told of a webhook's authorization."""
    kind = kind_of(webhook.auth_type)
    told: dict[str, str | bool] = dict(webhook.auth_public)
    if secret := kind.secret_name():
        told[f"{secret}_set"] = webhook.auth_secret is not None
    return SHAPES[kind.type].model_validate(told)
