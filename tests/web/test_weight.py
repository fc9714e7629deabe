"""What the first load of a page costs on the wire, for every page of a console in use."""

import gzip
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from ulid import ULID
from werkzeug.test import TestResponse

from tests.conftest import sign_in
from tools.demo import cast, show
from tools.demo.cast import Player
from webhooks_ui.catalogue.event_types import EVENT_TYPES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import Delivery, Event, Webhook
from webhooks_ui.models.counters import WebhookHour
from webhooks_ui.models.webhook_list import PAGE_SIZE

MAX_REQUESTS = 6
MAX_BYTES = 45 * 1024
LANGUAGES = ("en", "uk")
HEAD = len("HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\n\r\n")
FILES = re.compile(r'(?:src|href)="(/static/[^"#]+)')

PLACES = (
    *("crm", "erp", "billing", "bot", "hooks", "archive", "loyalty", "delivery", "metrics"),
    *("support", "sklad", "n8n", "partners", "dwh", "call-centre", "alerts", "zvit"),
)
OWNERS = ("acme.com.ua", "kovalenko.ua", "example.com", "shop.lviv.ua", "novamedia.io", "logist.eu")
PATHS = ("/hook", "/api/v2/events", "/webhooks/in", "/integrations/novatalks", "/v1/conversations")
NAMES = (
    *("CRM", "Складський облік", "Billing", "Чергові у Telegram", "Резервна копія листування"),
    *("Loyalty", "Аналітика продажів", "Partner portal", "Old ERP", "SMS campaigns", "On-call"),
    *("Замовлення з сайту", "Data warehouse", "n8n: нові ліди", "Support desk", "Доставка"),
    *("Кол-центр Львів", "Bitrix", "Звіти для керівника", "Marketing attribution", "Оплати"),
    *("QA sandbox", "Голосові повідомлення", "Fraud check", "Архів вкладень"),
)
PARTS = ("fast", "fast", "fast", "slow", "flaky", "outage", "hanging", "nowhere", "expired", "off")


class Elsewhere:
    """Receivers that nobody asks."""

    @staticmethod
    def origin(host: str) -> str:
        return f"https://{host}"


def player(name: str, chance: random.Random) -> Player:
    """A webhook like no other."""
    kinds = [cast._NONE, cast._BEARER, cast._KEY, cast.PLAYERS[0].authorization]
    return Player(
        name,
        f"{chance.choice(PLACES)}{chance.randrange(9)}.{chance.choice(OWNERS)}",
        f"{chance.choice(PATHS)}/{chance.randrange(16**6):06x}",
        chance.choice(PARTS),
        tuple(chance.sample(list(EVENT_TYPES), chance.randint(1, 6))),
        chance.choice(kinds),
        chance.choice(["", "", *(key for key, _name, _kind in cast.CHANNELS[:4])]),
    )


@pytest.fixture(scope="module")
def in_use(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A console with two days of history and a page full of webhooks, none like another."""
    chance = random.Random(11)  # noqa: S311
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cast, "PLAYERS", [player(name, chance) for name in NAMES])
        patch.setattr(show, "new_id", partial(an_id, chance))
        folder = tmp_path_factory.mktemp("in-use")
        with show.console(folder, Elsewhere, 2) as app:  # type: ignore[arg-type]
            with app.app_context(), transaction():
                give_each_a_day(chance)
            yield app


def an_id(chance: random.Random, kind: str) -> str:
    """An id of some time in the last months."""
    made = now() - timedelta(seconds=chance.randrange(10**7))
    return f"{kind}_{str(ULID.from_datetime(made)).lower()}"


def give_each_a_day(chance: random.Random) -> None:
    """Webhooks made one by one, with as many attempts in an hour as they may have had."""
    present = now().replace(minute=0, second=0, microsecond=0)
    db.session.execute(delete(WebhookHour))
    for webhook in db.session.scalars(select(Webhook).order_by(Webhook.id)):
        usual, spoilt = chance.lognormvariate(4, 1.5), chance.choice([0, 0, 0, 0.1, 0.4])
        for ago in range(24):
            attempts = round(usual * chance.lognormvariate(0, 0.5))
            failed = sum(chance.random() < spoilt for _ in range(min(attempts, 90)))
            if attempts:
                figures = {"attempts": attempts, "failed_attempts": failed, "took_4": attempts}
                figures |= {"first_attempts": attempts, "first_delivered": attempts - failed}
                hour = WebhookHour(webhook_id=webhook.id, hour=present - timedelta(hours=ago))
                for name, figure in figures.items():
                    setattr(hour, name, figure)
                db.session.add(hour)


def wire(answer: TestResponse) -> int:
    """Bytes of an answer with its head."""
    assert answer.status_code == 200, answer.request.path
    head = sum(len(f"{name}: {value}\r\n") for name, value in answer.headers)
    return HEAD + head + len(answer.data)


def weigh(browser: FlaskClient, path: str, language: str) -> tuple[int, int]:
    """Requests and bytes of a first visit."""
    asked = {"Accept-Encoding": "gzip", "Accept-Language": language}
    page = browser.get(path, headers=asked)
    text = gzip.decompress(page.data).decode()
    assert f'<html lang="{language}"' in text, path
    answers = [page, *(browser.get(file, headers=asked) for file in set(FILES.findall(text)))]
    return len(answers), sum(map(wire, answers))


def paths(app: Flask) -> list[str]:
    """Every page of the rail, those of one webhook, delivery and event, and the longest forms."""
    with app.app_context():
        webhook, delivery, event = (
            db.session.scalars(select(model.public_id).order_by(model.id).limit(1)).one()
            for model in (Webhook, Delivery, Event)
        )
    own = f"/webhooks/{webhook}"
    found = ["/webhooks", "/webhooks?sort=name", "/webhooks/new", "/webhooks/deleted", own]
    found += [f"{own}/{part}" for part in ("edit", "history", "verify", "recover")]
    found += ["/deliveries", f"/deliveries?webhook={webhook}", f"/deliveries/{delivery}"]
    found += ["/events", f"/events/{event}", "/channels", "/channels/new", "/sources", "/receiver"]
    found += ["/catalogue", "/api/v1/docs", "/help", "/jump", "/settings/audit", "/settings/about"]
    found += ["/settings/tokens", "/settings/users", "/settings/configuration", "/sources/new"]
    return [*found, "/settings/account", "/settings/account/second-factor"]


def test_a_first_visit_is_light(in_use: Flask) -> None:
    browser = sign_in(in_use, show.LOGIN)
    heavy = {}
    for path, language in product(paths(in_use), LANGUAGES):
        requests, size = weigh(browser, path, language)
        assert 1 < requests <= MAX_REQUESTS, path
        if size > MAX_BYTES:
            heavy[path, language] = size
    assert heavy == {}
    listed = browser.get("/webhooks").text
    assert listed.count('class="hours"') > PAGE_SIZE // 2
    assert listed.count('class="pick"') == PAGE_SIZE
