"""Channels: the list, and making, changing and deleting one."""

from collections.abc import Collection

from flask import url_for
from flask_babel import lazy_ngettext
from sqlalchemy import select

from webhooks_ui.api.body import invalid
from webhooks_ui.api.channel_shapes import ChannelChanges, ChannelPage, ChannelShape, NewChannel
from webhooks_ui.api.operation import Headers, Operation, found
from webhooks_ui.api.pages import PageQuery, page
from webhooks_ui.models import Channel, channel_changes
from webhooks_ui.models.channel_changes import ChannelSettings, KeyTaken
from webhooks_ui.validation import channel as channel_rules
from webhooks_ui.web.problem import Fault, Problem, pointer


@Operation("GET", "/channels", answer=ChannelPage, query=PageQuery)
def index(query: PageQuery) -> tuple[ChannelPage, Headers]:
    """List the channels, oldest first."""
    one = page(Channel, select(Channel), query)
    shapes = [ChannelShape.of(channel) for channel in one.rows]
    return ChannelPage(channels=shapes, next=one.next), one.headers


@Operation("POST", "/channels", status=201, answer=ChannelShape, body=NewChannel)
def make(body: NewChannel) -> tuple[ChannelShape, Headers]:
    """Add a channel."""
    channel = _save(None, ChannelSettings(body.key, body.name, body.kind), ChannelSettings._fields)
    return ChannelShape.of(channel), {"Location": url_for(".channels_show", id=channel.public_id)}


@Operation("GET", "/channels/<public_id:id>", answer=ChannelShape)
def show(id: str) -> ChannelShape:
    """Retrieve a channel."""
    return ChannelShape.of(found(Channel.by_public_id(id)))


@Operation("PATCH", "/channels/<public_id:id>", answer=ChannelShape, body=ChannelChanges)
def change(id: str, body: ChannelChanges) -> ChannelShape:
    """Update a channel: fields that are left out keep their values."""
    channel = found(Channel.by_public_id(id))
    wanted = body.model_dump(exclude_none=True)
    settings = ChannelSettings(channel.key, channel.name, channel.kind)._replace(**wanted)
    return ChannelShape.of(_save(channel, settings, wanted))


@Operation("DELETE", "/channels/<public_id:id>", status=204, errors=(409,))
def delete(id: str) -> None:
    """Delete a channel that no webhook uses."""
    if used := len(channel_changes.delete(found(Channel.by_public_id(id)))):
        raise Problem(
            409,
            lazy_ngettext(
                "%(num)d webhook uses this channel. Give it another channel or delete it first.",
                "%(num)d webhooks use this channel."
                " Give them another channel or delete them first.",
                used,
            ),
        )


def _save(channel: Channel | None, wanted: ChannelSettings, fields: Collection[str]) -> Channel:
    settings = wanted._replace(name=wanted.name.strip())
    if problems := channel_rules.problems(*settings):
        raise invalid([Fault(pointer(field), words) for field, words in problems.items()])
    saved = channel_changes.save(channel, settings, fields)
    if isinstance(saved, KeyTaken):
        raise invalid([Fault("/key", channel_rules.key_taken(saved.by))])
    return found(saved)
