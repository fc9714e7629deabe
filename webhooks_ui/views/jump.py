"""“Jump to…”: pages by name, webhooks by name or URL, channels, and any id, a sender's too."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from webhooks_ui.models import (
    BulkChange,
    Channel,
    Delivery,
    Event,
    Recovery,
    Source,
    SourceRequest,
    Token,
    public_ids,
    webhook_list,
)
from webhooks_ui.models.channel import ChannelQuery
from webhooks_ui.models.delivery_list import event_of_sender
from webhooks_ui.text.folding import folded
from webhooks_ui.validation.event import MAX_KEY_CHARACTERS
from webhooks_ui.web import navigation
from webhooks_ui.web.pieces import is_piece_request
from webhooks_ui.web.roles import may

blueprint = Blueprint("jump", __name__)
MAX_OF_EACH = 6  # of each kind


class Place(NamedTuple):
    """A destination."""

    icon: str
    title: str
    note: str
    url: str


class Noun(NamedTuple):
    """Where an id of this noun leads; `find` is None where the page itself says what is gone.

    `url` builds the URL of what was found, where `endpoint` with the id does not.
    """

    endpoint: str
    icon: str
    label: LazyString
    find: Callable[[str], Any] | None
    url: Callable[[Any], str] | None = None


def _channel(channel: Channel) -> str:
    if may("channels.edit", "GET"):
        return url_for("channels.edit", id=channel.public_id)
    return url_for("channels.index", q=channel.key)


def _token(token: Token) -> str:
    return url_for("tokens.index", page=token.page_number, _anchor=token.public_id)


NOUNS = {
    public_ids.WEBHOOK: Noun("webhooks.show", "hook", _l("Webhook"), None),
    public_ids.BULK: Noun(
        "webhooks.bulk_progress", "hook", _l("Webhooks"), BulkChange.by_public_id
    ),
    public_ids.DELIVERY: Noun("deliveries.show", "send", _l("Delivery"), Delivery.by_public_id),
    public_ids.EVENT: Noun("events.show", "bolt", _l("Event"), Event.by_public_id),
    public_ids.RECOVERY: Noun("recoveries.show", "undo", _l("Recovery"), Recovery.by_public_id),
    public_ids.CHANNEL: Noun(
        "channels.index", "chat", _l("Channel"), Channel.by_public_id, _channel
    ),
    public_ids.SOURCE: Noun("sources.show", "inbox", _l("Source"), Source.by_public_id),
    public_ids.TOKEN: Noun("tokens.index", "key", _l("API token"), Token.by_public_id, _token),
}


@blueprint.get("/jump")
def show() -> Response | str:
    """Lists the places that match `q`; redirects where there is only one."""
    words = request.args.get("q", "").strip()[:MAX_KEY_CHARACTERS]
    places = _of_id(words.lower()) or [*_of_senders_id(words), *_named(words)]
    if is_piece_request():
        return render_template("jump/_found.html", places=places, words=words)
    if words and len(places) == 1:
        return redirect(places[0].url, 303)
    return render_template("jump/show.html", places=places, words=words)


def _of_id(text: str) -> list[Place]:
    prefix = text.partition("_")[0]
    noun = NOUNS.get(prefix)
    if noun is None or not public_ids.is_id(text, prefix) or not may(noun.endpoint, "GET"):
        return []
    found = noun.find(text) if noun.find else text
    if found is None:
        return []
    url = noun.url(found) if noun.url else url_for(noun.endpoint, id=text)
    return [Place(noun.icon, text, str(noun.label), url)]


def _of_senders_id(text: str) -> Iterator[Place]:
    """The event, or the request of a source, that its sender gave this id."""
    if not text:
        return
    if event := event_of_sender(text):
        yield Place("bolt", text, _("Event"), url_for("events.show", id=event))
    if found := SourceRequest.of_delivery(text):
        source, row = found
        url = url_for("sources.show", id=source, _anchor=f"request-{row}")
        yield Place("inbox", text, _("Source"), url)


def _named(words: str) -> Iterator[Place]:
    wanted = folded(words).split()
    pages = (
        Place(page.icon, str(page.label), _("Page"), url_for(page.endpoint))
        for page in navigation.offered()
        # An endpoint is English in every language.
        if all(word in folded(f"{page.label} {page.endpoint}") for word in wanted)
    )
    yield from pages if not words else list(pages)[:MAX_OF_EACH]
    if not words:
        return
    for webhook in webhook_list.suggestions(words, MAX_OF_EACH):
        url = url_for("webhooks.show", id=webhook.public_id)
        yield Place("hook", webhook.title, webhook.shown_url, url)
    for channel in ChannelQuery(words).find().items[:MAX_OF_EACH]:
        yield Place("chat", channel.name, channel.key, _channel(channel))
