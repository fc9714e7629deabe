"""The bodies and answers of the channel operations."""

from typing import Any

from pydantic import BaseModel, Field

from webhooks_ui.api.body import Body
from webhooks_ui.api.shapes import NAME_IS_TRIMMED, Id, KeyName, KindName, Moment, RowShape


class ChannelChanges(Body):
    """What is to be different about a channel; the rest stays as it is."""

    key: KeyName | None = None
    name: str | None = Field(default=None, examples=["Telegram sales"], description=NAME_IS_TRIMMED)
    kind: KindName | None = None


class NewChannel(Body):
    """A channel to be: `key` is what events name it by."""

    key: KeyName
    name: str = Field(
        examples=["Telegram sales"],
        json_schema_extra={"maxLength": 200},
        description=NAME_IS_TRIMMED,
    )
    kind: KindName = "other"

    @classmethod
    def filled(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Blanks, about which the form's rules know what to say."""
        return {"key": "", "name": ""} | values


class ChannelShape(RowShape):
    """A channel (inbox): where conversations happen."""

    id: Id
    key: str
    name: str
    kind: str
    created_at: Moment
    updated_at: Moment


class ChannelPage(BaseModel):
    """Channels, oldest first; `next` is the cursor of the page after."""

    channels: list[ChannelShape]
    next: str | None
