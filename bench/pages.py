"""How long the console's pages take, few deliveries against many.

`make bench ARGS=pages` seeds both sizes. With databases that `bench.seed` has filled before:
`python -m bench.pages SMALL LARGE`, each a data folder, or a folder and a URL: ``folder,URL``.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, func, make_url, select, text

from bench.seed import seed
from bench.stage import percentile
from tests.conftest import sign_in
from webhooks_ui import create_app, lifecycle
from webhooks_ui.database import db, upgrade
from webhooks_ui.models import Delivery, Event, Webhook

ROUNDS, QUICK_ROUNDS = 30, 12
WARM_UP = 4
SMALL, LARGE = 10_000, 200_000
WEBHOOKS = 10_000

Figures = dict[str, float]


def pages(database: str) -> Figures:
    """All pages with 10,000 and with 200,000 deliveries; `main` tells of each."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = (
            _seeded(Path(folder) / str(size), database, size) for size in (SMALL, LARGE)
        )
        few, many = compare(small, large, QUICK_ROUNDS)
        for app in (small, large):
            lifecycle.close(app)
    ratios = [many[name] / few[name] for name in many]
    return {
        "pages": len(many),
        "slowest, p95 ms": max(many.values()),
        "ratio, median": percentile(ratios, 0.5),
        "ratio, worst": max(ratios),
    }


def compare(small: Flask, large: Flask, rounds: int) -> tuple[Figures, Figures]:
    """p95 in ms of each page on both, measured by turns, so that others disturb both alike."""
    took: tuple[dict[str, list[float]], ...] = ({}, {})
    asked = [(sign_in(app, "bench"), _addresses(app)) for app in (small, large)]
    gc.collect()
    gc.freeze()
    for round_number in range(WARM_UP + rounds):
        for name in asked[0][1]:
            for (browser, addresses), times in zip(asked, took, strict=True):
                ms = _ask(browser, addresses[name])
                if round_number >= WARM_UP:
                    times.setdefault(name, []).append(ms)
    few, many = ({name: percentile(ms, 0.95) for name, ms in t.items()} for t in took)
    return few, many


def _ask(browser: FlaskClient, address: str) -> float:
    start = time.perf_counter()
    answer = browser.get(address)
    ms = (time.perf_counter() - start) * 1000
    assert answer.status_code in (200, 204), (address, answer.status_code)
    return ms


def _addresses(app: Flask) -> dict[str, str]:
    """Every list, filter and search, and one page of each kind, by what it is."""
    with app.app_context():
        delivery = select(Delivery.public_id).order_by(Delivery.id)
        middle = db.session.scalar(select(func.max(Delivery.id))) or 0
        dlv = db.session.scalar(delivery.where(Delivery.id == middle // 2))
        lost = db.session.scalar(delivery.where(text("status = 'failed'")).limit(1))
        evt = db.session.scalar(select(Event.public_id).where(Event.id == middle // 6))
        sender = db.session.scalar(select(Event.sender_id).where(Event.id == middle // 6))
        hook = select(Webhook.public_id).order_by(Webhook.id)
        busy, quiet = (db.session.scalar(hook.offset(n).limit(1)) for n in (2, 4321))
    return {
        **_webhook_lists(),
        **_delivery_lists(str(busy), str(quiet), middle),
        "search: delivery": f"/deliveries?q={dlv}",
        "search: event": f"/deliveries?q={evt}",
        "search: webhook": f"/deliveries?q={quiet}",
        "search: sender's id": f"/deliveries?q={sender}",
        "search: nothing": "/deliveries?q=nobody-has-this",
        "delivery": f"/deliveries/{dlv}",
        "failed delivery": f"/deliveries/{lost}",
        "event": f"/events/{evt}",
        "busy webhook": f"/webhooks/{busy}",
        "quiet webhook": f"/webhooks/{quiet}",
        **_event_lists(str(evt), str(sender), middle),
    }


def _webhook_lists() -> dict[str, str]:
    wanted = {
        "all": "",
        "last page": "page=200",
        "name": "q=webhook+4321",
        "no name": "q=nobody",
        "working": "status=working",
        "failing": "status=failing",
        "disabled": "status=disabled",
        "event": "event=team_changed",
        "channel": "channel=channel-7",
        "newest": "sort=-created",
        "latest result": "sort=-last",
    }
    return {f"webhooks: {name}": f"/webhooks?{query}" for name, query in wanted.items()}


def _delivery_lists(busy: str, quiet: str, middle: int) -> dict[str, str]:
    wanted = {
        "all": "",
        "older": f"before={middle // 2}",
        **{name: f"status={name}" for name in ("pending", "delivering", "succeeded")},
        **{name: f"status={name}" for name in ("failed", "cancelled")},
        "busy webhook": f"webhook={busy}",
        "quiet webhook": f"webhook={quiet}",
        "webhook by name": "webhook=Webhook+4321",
        "event": "event=message_created",
        "rare event": "event=conversation_substatus_changed",
        "channel": "channel=channel-7",
        "error": "error=timeout",
        "rare error": "error=tls_failure",
        "tests": "test=yes",
        "no tests": "test=no",
        "last hour": "span=1h",
        "last 7 days": "span=7d",
        "from to": "since=2020-01-01T00:00&until=2099-01-01T00:00",
        "busy webhook, failed": f"webhook={busy}&status=failed",
        "quiet webhook, failed": f"webhook={quiet}&status=failed",
        "busy webhook, pending": f"webhook={busy}&status=pending",
        "busy webhook, rare event": f"webhook={busy}&event=conversation_substatus_changed",
        "quiet webhook, event": f"webhook={quiet}&event=team_changed",
        "channel, failed": "channel=channel-7&status=failed",
        "channel, rare error": "channel=channel-7&error=tls_failure",
        "event, error, 7 days": "event=team_changed&error=timeout&span=7d",
        "quiet webhook, last hour": f"webhook={quiet}&span=1h",
        "everything": f"webhook={busy}&status=failed&event=message_created&channel=channel-7"
        "&error=timeout&test=no&span=7d",
    }
    found = {f"deliveries: {name}": f"/deliveries?{query}" for name, query in wanted.items()}
    return found | {
        "deliveries: how many new": f"/deliveries/new?newest={middle - 30}",
        "deliveries: none new": f"/deliveries/new?newest={middle}",
        "deliveries: webhooks to choose": "/deliveries/webhooks?webhook=432",
    }


def _event_lists(evt: str, sender: str, middle: int) -> dict[str, str]:
    wanted = {
        "all": "",
        "older": f"before={middle // 6}",
        "type": "event=team_changed",
        "channel": "channel=channel-7",
        "unmatched": "unmatched=yes",
        "unmatched, channel": "unmatched=yes&channel=channel-7",
        "tests": "test=yes",
        "last hour": "span=1h",
        "type, channel, 7 days": "event=team_changed&channel=channel-7&span=7d",
        "search": f"q={evt}",
        "search by sender's id": f"q={sender}",
    }
    return {f"events: {name}": f"/events?{query}" for name, query in wanted.items()}


def _seeded(folder: Path, database: str, deliveries: int) -> Flask:
    url = None if database == "sqlite" else _beside(database, deliveries)
    app = _open(folder, url)
    upgrade(app)
    seed(app, WEBHOOKS, deliveries)
    return app


def _beside(url: str, deliveries: int) -> str:
    """A new database in the same cluster."""
    name = f"pages_{deliveries}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _open(folder: Path, url: str | None) -> Flask:
    settings: dict[str, object] = {"DATA_DIR": folder}
    return create_app({**settings, "DATABASE_URL": url} if url else settings)


@contextmanager
def _named(place: str) -> Iterator[Flask]:
    folder, _, url = place.partition(",")
    app = _open(Path(folder), url or None)
    try:
        yield app
    finally:
        lifecycle.close(app)


def main(small: str, large: str) -> None:
    """A table of both databases, and the same as JSON."""
    with _named(small) as one, _named(large) as other:
        few, many = compare(one, other, ROUNDS)
    print("| page | p95 ms, few | p95 ms, many | ratio |\n|---|---|---|---|")
    for name, p95 in many.items():
        print(f"| {name} | {few[name]:.1f} | {p95:.1f} | {p95 / few[name]:.2f} |")
    print("\n" + json.dumps({"few": few, "many": many}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
