"""The kinds of authorization: the one list, in the order in which people see them."""

from collections.abc import Mapping

from webhooks_ui.authorization.base import Authorization, Text
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.hmac import Hmac
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.authorization.oauth2 import OAuth2

KINDS: dict[str, type[Authorization]] = {
    kind.type: kind
    for kind in (
        NoAuthorization,
        Bearer,
        Basic,
        Custom,
        Hmac,
        OAuth2,
    )
}


class UnknownKindError(LookupError):
    """A stored authorization is of a kind that this version does not know."""


def kind_of(type: str) -> type[Authorization]:
    """The kind of this stored type.

    Raises UnknownKindError: without its authorization a webhook sends nothing.
    """
    try:
        return KINDS[type]
    except KeyError:
        raise UnknownKindError(f"the kind of authorization {type!r} is unknown") from None


def short_label(type: str, public: Mapping[str, str]) -> Text:
    """A stored kind in a word, as lists show it; an unknown one by its type."""
    return KINDS[type].short_label(public) if type in KINDS else type
