"""The demo's channels and webhooks, and how the receiver of each behaves."""

from dataclasses import dataclass

from webhooks_ui.authorization.base import Authorization
from webhooks_ui.authorization.basic import Basic
from webhooks_ui.authorization.bearer import Bearer
from webhooks_ui.authorization.custom import Custom
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.catalogue.event_types import EVENT_TYPES, OPERATIONAL_TYPES

CHANNELS = (
    ("telegram-sales", "Telegram sales", "telegram"),
    ("viber-support", "Viber: підтримка", "viber"),
    ("website", "Чат на сайті", "website"),
    ("whatsapp", "WhatsApp Business", "whatsapp"),
    ("sms-promo", "SMS promo", "sms"),
)
QUIET_CHANNEL = "sms-promo"  # nothing happens in it

STATUS, SUBSTATUS, CREATED, UPDATED, ASSIGNEE, TEAM = EVENT_TYPES
MESSAGES = (CREATED, UPDATED)
USUAL = (CREATED,) * 6 + (UPDATED,) * 3 + (STATUS,) * 2 + (SUBSTATUS, ASSIGNEE, TEAM)
"""Event types, each as often as it happens."""


@dataclass(frozen=True, slots=True)
class Player:
    """A webhook. `part` says how its receiver behaves: see `receivers.Stage` and `history`."""

    name: str
    host: str
    path: str
    part: str
    events: tuple[str, ...]
    authorization: Authorization = NoAuthorization()  # noqa: RUF009  # it has no state
    channel: str = ""
    payload_format: str = "envelope"


_NONE = NoAuthorization()
_BEARER = Bearer("live_4f9a7c1d2e8b")
_KEY = Custom("X-Api-Key", "a81f-77c0-5be2-4410")
PLAYERS = (
    Player(
        "CRM",
        "crm.acme.example",
        "/hooks/conversations",
        "fast",
        (STATUS, CREATED, ASSIGNEE, TEAM),
        Basic("novatalks", "kx7-Hpq2-9fTd"),
    ),
    Player("Analytics", "metrics.acme.example", "/ingest", "slow", tuple(EVENT_TYPES), _BEARER),
    Player(
        "Складський облік",
        "sklad.kovalenko.example",
        "/api/events",
        "flaky",
        (CREATED,),
        _KEY,
        "telegram-sales",
    ),
    Player(
        "Чергові у Telegram", "bot.acme.example", "/notify", "outage", (CREATED, STATUS, SUBSTATUS)
    ),
    Player(
        "Резервна копія листування",
        "archive.acme.example",
        "/v2/messages",
        "hanging",
        MESSAGES,
        _BEARER,
        payload_format="raw",
    ),
    Player("Loyalty", "loyalty.acme.example", "/points", "gone", (STATUS,), channel="whatsapp"),
    Player("Billing", "billing.acme.example", "/webhooks/in", "nowhere", (STATUS,), _KEY),
    Player("Partner portal", "portal.partner.example", "/in", "expired", MESSAGES, _BEARER),
    Player("Old ERP", "erp.acme.example", "/in", "off", (STATUS,)),
    Player("SMS campaigns", "sms.acme.example", "/hook", "fast", MESSAGES, channel=QUIET_CHANNEL),
    Player("On-call", "oncall.acme.example", "/alerts", "fast", tuple(OPERATIONAL_TYPES), _BEARER),
)
NOWHERE = next(player.host for player in PLAYERS if player.part == "nowhere")


def resolve(host: str, _port: int) -> list[str]:
    """Every receiver is on this machine, except the one whose name is gone."""
    if host == NOWHERE or not host.endswith(".example"):
        raise OSError(-2, "Name or service not known")
    return ["127.0.0.1"]
