"""The console's pages as its rail lists them, each for those who may open it."""

from typing import NamedTuple

from flask import Flask, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from webhooks_ui.models import webhook_ranks
from webhooks_ui.version import __version__
from webhooks_ui.web.roles import may


class Item(NamedTuple):
    """A page of the rail. It is current on every page of its `rooms` (blueprints)."""

    endpoint: str
    icon: str
    label: LazyString
    rooms: tuple[str, ...]
    short_label: LazyString | None = None  # for the bar of a phone

    @property
    def current(self) -> str:
        """The value of ``aria-current``, empty on the pages of other rooms."""
        if request.endpoint == self.endpoint:
            return "page"
        return "true" if (request.endpoint or "").partition(".")[0] in self.rooms else ""

    @property
    def is_offered(self) -> bool:
        """Whether the user may open it."""
        return may(self.endpoint, "GET")


GROUPS: tuple[tuple[LazyString, tuple[Item, ...]], ...] = (
    (
        _l("Watch"),
        (
            Item("webhooks.index", "hook", _l("Webhooks"), ("webhooks",)),
            Item("deliveries.index", "send", _l("Deliveries"), ("deliveries", "recoveries")),
            Item("events.index", "bolt", _l("Events"), ("events",)),
        ),
    ),
    (
        _l("Build"),
        (
            Item("sources.index", "inbox", _l("Sources"), ("sources",)),
            Item("catalogue.index", "book", _l("Catalogue"), ("catalogue",)),
            Item("receiver.index", "target", _l("Test receiver"), ("receiver",), _l("Receiver")),
            Item("api.docs", "code", _l("API"), ()),
        ),
    ),
    (
        _l("Manage"),
        (
            Item("channels.index", "chat", _l("Channels"), ("channels",)),
            Item("tokens.index", "key", _l("API tokens"), ("tokens",)),
            Item("people.index", "users", _l("People"), ("people",)),
            Item("audit.index", "list", _l("Audit log"), ("audit",)),
            Item("about.show", "gear", _l("Settings"), ("about", "configuration")),
        ),
    ),
)
ELSEWHERE = (
    Item("webhooks.new", "plus", _l("Add a webhook"), ()),
    Item("webhooks.deleted", "trash", _l("Recently deleted"), ()),
    Item("configuration.show", "code", _l("Configuration as a file"), ()),
    Item("account.show", "user", _l("Account"), ()),
    Item("help.show", "info", _l("Help"), ()),
)
ON_A_PHONE = ("webhooks.index", "deliveries.index", "events.index", "receiver.index")


def init_app(app: Flask) -> None:
    """Gives templates the pages of the rail, its counts and the console's version."""
    app.jinja_env.globals.update(
        navigation=groups,
        phone_navigation=on_a_phone,
        rail_counts=webhook_ranks.rail_counts,
        console_version=__version__,
    )


def groups() -> list[tuple[LazyString, list[Item]]]:
    """The groups of the rail, with the pages that the user may open."""
    offered = ((title, [item for item in items if item.is_offered]) for title, items in GROUPS)
    return [(title, items) for title, items in offered if items]


def offered() -> list[Item]:
    """Every page that one may jump to: those of the rail, then those without a place there."""
    items = [item for _title, items in (*GROUPS, ("", ELSEWHERE)) for item in items]
    return [item for item in items if item.is_offered]


def on_a_phone() -> list[Item]:
    """The pages of the bar at the bottom of a phone."""
    known = {item.endpoint: item for _title, items in GROUPS for item in items}
    return [known[endpoint] for endpoint in ON_A_PHONE]
