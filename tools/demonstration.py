"""A lively set of channels, webhooks and test events, for the screenshots.

Everything is made through the console's own forms and sent to a real receiver; only the times are
set back afterwards, so that the history looks lived in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.receiver import Answer, Receiver
from webhooks_ui.catalogue import EVENT_TYPES
from webhooks_ui.database import db, now, transaction
from webhooks_ui.models import Delivery, Webhook

CHANNELS = (
    ("telegram-sales", "Telegram sales", "telegram"),
    ("viber-support", "Viber: підтримка", "viber"),
    ("website", "Чат на сайті", "website"),
    ("whatsapp", "WhatsApp Business", "whatsapp"),
)

JSON = (("Content-Type", "application/json"),)
ACCEPTED = Answer(200, JSON, b'{"accepted": true, "deal": 48213}', delay=0.118)
QUEUED = Answer(202, JSON, b'{"queued": 1}', delay=0.031)
EMPTY = Answer(204, delay=0.067)
BROKEN = Answer(500, (("Content-Type", "text/html"),), b"<h1>Internal Server Error</h1>", 0.48)
UNAUTHORIZED = Answer(401, (*JSON, ("WWW-Authenticate", "Bearer")), b'{"error": "token expired"}')


@dataclass(frozen=True)
class Example:
    """A webhook, and the tests that were sent to it: (minutes ago, answer), oldest first."""

    name: str
    host: str
    path: str
    authorization: dict[str, str]
    events: tuple[str, ...]
    channel: str = ""
    history: tuple[tuple[int, Answer], ...] = ()
    enabled: bool = True


EVERYTHING = tuple(EVENT_TYPES)
BASIC = {"auth_type": "basic", "auth_login": "novatalks", "auth_password": "kx7-Hpq2-9fTd"}
BEARER = {"auth_type": "bearer", "auth_token": "live_4f9a7c1d2e8b"}
CUSTOM = {
    "auth_type": "custom",
    "auth_header_name": "X-Api-Key",
    "auth_header_value": "a81f-77c0-5be2",
}
NONE = {"auth_type": "none"}

EXAMPLES = (
    Example("Old ERP", "erp.acme.example", "/in", NONE, EVERYTHING[:1], enabled=False),
    Example("Contact centre board", "board.acme.example", "/live", NONE, EVERYTHING[4:]),
    Example(
        "Резервна копія листування",
        "archive.acme.example",
        "/v2/messages",
        BEARER,
        EVERYTHING[2:4],
        history=((1500, QUEUED), (182, UNAUTHORIZED)),
    ),
    Example(
        "Чергові у Telegram",
        "bot.acme.example",
        "/notify",
        NONE,
        EVERYTHING[1:2],
        channel="viber-support",
        history=((340, EMPTY), (95, BROKEN), (41, BROKEN)),
    ),
    Example(
        "Billing",
        "billing.acme.example",
        "/webhooks/in",
        CUSTOM,
        EVERYTHING[:1],
        history=((26, EMPTY),),
    ),
    Example(
        "Складський облік",
        "sklad.kovalenko.example",
        "/api/events",
        CUSTOM,
        EVERYTHING[2:3],
        channel="telegram-sales",
        history=((700, ACCEPTED), (12, EMPTY)),
    ),
    Example(
        "Analytics",
        "metrics.acme.example",
        "/ingest/conversations",
        BEARER,
        EVERYTHING,
        history=((65, QUEUED), (4, QUEUED)),
    ),
    Example(
        "CRM",
        "crm.acme.example",
        "/hooks/conversations",
        BASIC,
        (EVERYTHING[0], *EVERYTHING[2:3], *EVERYTHING[4:]),
        history=((1440, BROKEN), (1436, ACCEPTED), (420, ACCEPTED), (58, ACCEPTED), (2, ACCEPTED)),
    ),
)
UNRESOLVED = "billing.acme.example"


def resolve(host: str, _port: int) -> list[str]:
    """Every example's receiver is the local one, except the one whose name is gone."""
    if host == UNRESOLVED or not host.endswith(".example"):
        raise OSError(-2, "Name or service not known")
    return ["127.0.0.1"]


def fill(client: FlaskClient, receiver: Receiver) -> None:
    """Make everything, signed in as an administrator, with the receiver answering as told."""
    for key, name, kind in CHANNELS:
        _post(client, "/channels/new", {"key": key, "name": name, "kind": kind})
    for example in EXAMPLES:
        _make(client, receiver, example)


def _make(client: FlaskClient, receiver: Receiver, example: Example) -> None:
    port = "" if receiver.port == 443 else f":{receiver.port}"
    settings = {
        "name": example.name,
        "url": f"https://{example.host}{port}{example.path}",
        "events": list(example.events),
        "channel": example.channel,
        "payload_format": "envelope",
        **example.authorization,
    }
    place = _post(client, "/webhooks/new", settings | ({"enabled": "y"} if example.enabled else {}))
    for number, (minutes, answer) in enumerate(example.history):
        receiver.answer(answer)
        event = example.events[number % len(example.events)]
        _post(client, f"{place}/test", {"event": event})
        with client.application.app_context():
            _set_back_delivery(place.rpartition("/")[2], timedelta(minutes=minutes))
    with client.application.app_context():
        _set_back_webhook(place.rpartition("/")[2], timedelta(days=40))


def _post(client: FlaskClient, path: str, form: Mapping[str, object]) -> str:
    """Post a form; where it leads to. Raises RuntimeError when it is refused."""
    answer = client.post(path, data=form)
    if answer.status_code != 303:
        raise RuntimeError(f"{path}: {answer.status}\n{answer.text}")
    return answer.location


def _set_back_delivery(public_id: str, age: timedelta) -> None:
    """Let the newest delivery of a webhook have happened `age` ago."""
    newest = (
        select(Delivery)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Webhook.public_id == public_id)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    with transaction():
        delivery = db.session.scalars(newest).one()
        moment = now() - age
        delivery.created_at = delivery.finished_at = delivery.event.occurred_at = moment
        for attempt in delivery.attempts:
            attempt.started_at = moment


def _set_back_webhook(public_id: str, age: timedelta) -> None:
    """Let a webhook have been made, and disabled if it is, `age` ago."""
    made = now() - age
    values = {"created_at": made, "updated_at": made + age / 3}
    with transaction():
        change = update(Webhook).where(Webhook.public_id == public_id)
        db.session.execute(change.values(values))
        db.session.execute(change.where(~Webhook.enabled).values(disabled_at=made + age / 3))
