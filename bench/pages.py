"""Response times of the console's pages with few deliveries and with many.

`make bench ARGS=pages` seeds both sizes. With databases that `bench.seed` has filled before:
`python -m bench.pages SMALL LARGE [PAGE …]`, each a data folder, or a folder and a URL:
``folder,URL``; of all pages, or of those whose names have one of the words.
"""

import gc
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, func, make_url, select, text

from bench.machine import Machine
from bench.seed import seed
from bench.seed_others import SUBJECT
from bench.seed_sql import BUSY, MAIN_CHANNEL, QUIET
from bench.stage import percentile
from tests.conftest import sign_in
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.models import Delivery, Event, Token, Webhook
from webhooks_ui.server import process

ROUNDS, QUICK_ROUNDS = 40, 40
WARM_UP = 5
SMALL, LARGE = 10_000, 200_000
WEBHOOKS = 10_000
MAX_MS, MAX_RATIO = 30.0, 1.2
MAIN = f"channel-{MAIN_CHANNEL}"
GZIP = {"Accept-Encoding": "gzip"}  # as browsers send it

Figures = dict[str, float]


@dataclass(slots=True)
class Times:
    """Samples of one page in ms: wall-clock time, and CPU time of this thread."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """A page with few deliveries and with many, in ms.

    The ratios compare medians, as the slowest samples tell more about the machine's other load.
    """

    few_p95: float
    many_p95: float
    many_median: float
    ratio: float
    many_cpu: float
    cpu_ratio: float
    few_rows: int
    many_rows: int

    @property
    def missed(self) -> str:
        """The goals that it misses, as text; empty for none."""
        grown = f" of {self.few_rows} rows and {self.many_rows}"
        ratio = "ratio" + (grown if self.few_rows < self.many_rows else "")
        goals = ((self.many_p95 > MAX_MS, "p95"), (self.ratio > MAX_RATIO, ratio))
        return ", ".join(word for is_missed, word in goals if is_missed)

    @classmethod
    def of(cls, few: Times, many: Times) -> "Compared":
        """Computed from the samples."""
        medians = [[percentile(ms, 0.5) for ms in (times.wall, times.cpu)] for times in (few, many)]
        (few_wall, few_cpu), (many_wall, many_cpu) = medians
        p95 = [percentile(times.wall, 0.95) for times in (few, many)]
        few_p95, many_p95 = p95
        ratio, cpu_ratio = many_wall / few_wall, many_cpu / few_cpu
        rows = few.rows, many.rows
        return cls(few_p95, many_p95, many_wall, ratio, many_cpu, cpu_ratio, *rows)


def pages(database: str) -> Figures:
    """All pages with 10,000 and with 200,000 deliveries, summarised; `main` prints each page."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as apps:
        both = [_seeded(Path(folder) / str(size), database, size) for size in (SMALL, LARGE)]
        for app in both:
            apps.callback(process.close, app)
        found = [page for _, page in compare(Machine(), both, QUICK_ROUNDS)]
    return {
        "pages": len(found),
        "slowest, p95 ms": max(page.many_p95 for page in found),
        "ratio, median": percentile([page.ratio for page in found], 0.5),
        "ratio, worst": max(page.ratio for page in found),
        "miss their goal": sum(bool(page.missed) for page in found),
    }


def compare(
    machine: Machine, both: Sequence[Flask], rounds: int, words: Sequence[str] = ("",)
) -> Iterator[tuple[str, Compared]]:
    """Every page of both apps; requests alternate, so that other load affects both alike."""
    asked = [(_browser(app), _addresses(app)) for app in both]
    names = [name for name in asked[0][1] if any(word in name for word in words)]
    gc.collect()
    process.freeze_garbage_collector()  # as `serve` does
    for name in names:
        times = (Times(), Times())
        asks = [partial(_ask, browser, cycle(addresses[name])) for browser, addresses in asked]
        for round_number in range(WARM_UP + rounds):
            for ask, mine in zip(asks, times, strict=True):
                if round_number < WARM_UP:
                    ask()
                    continue
                wall, cpu, mine.rows = machine.calmly(ask)
                mine.wall.append(wall)
                mine.cpu.append(cpu)
        yield name, Compared.of(*times)


def _browser(app: Flask) -> FlaskClient:
    """A client signed in to the console, with a token for the API."""
    browser = sign_in(app, "bench")
    with app.app_context(), transaction():
        token = Token.issue("bench", "admin")
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return browser


def _ask(browser: FlaskClient, addresses: Iterator[str]) -> tuple[float, float, int]:
    address = next(addresses)
    start, cpu = time.perf_counter(), time.thread_time()
    answer = browser.get(address, headers=GZIP)
    cpu, wall = time.thread_time() - cpu, time.perf_counter() - start
    assert answer.status_code in (200, 204), (address, answer.status_code)
    body = answer.data
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return wall * 1000, cpu * 1000, max(body.count(b"<tr ") - 1, 0)


def _addresses(app: Flask) -> dict[str, list[str]]:
    """The URLs by name: every list, filter and search, and one page of each kind."""
    with app.app_context():
        delivery = select(Delivery.public_id).order_by(Delivery.id)
        middle = db.session.scalar(select(func.max(Delivery.id))) or 0
        dlv = db.session.scalar(delivery.where(Delivery.id == middle // 2))
        lost = db.session.scalar(delivery.where(text("status = 'failed'")).limit(1))
        evt = db.session.scalar(select(Event.public_id).where(Event.id == middle // 6))
        sender = db.session.scalar(select(Event.sender_id).where(Event.id == middle // 6))
        hook = select(Webhook.public_id)
        busy, quiet = (db.session.scalar(hook.where(Webhook.id == n)) for n in (BUSY, QUIET))
    others = [f"/webhooks?page={n}" for n in range(2, 399)]
    one_each = {
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
        **_other_pages(str(busy)),
    }
    return {"webhooks: each time another page": others} | {n: [one_each[n]] for n in one_each}


def _webhook_lists() -> dict[str, str]:
    wanted = {
        "all": "",
        "last page": "page=400",
        "name": "q=webhook+4321",
        "no name": "q=nobody",
        "working": "status=working",
        "failing": "status=failing",
        "disabled": "status=disabled",
        "event": "event=team_changed",
        "channel": f"channel={MAIN}",
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
        "webhook by name": f"webhook=Webhook+{QUIET}",
        "event": "event=message_created",
        "rare event": "event=conversation_substatus_changed",
        "channel": f"channel={MAIN}",
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
        "channel, failed": f"channel={MAIN}&status=failed",
        "channel, rare error": f"channel={MAIN}&error=tls_failure",
        "event, error, 7 days": "event=message_created&error=timeout&span=7d",
        "quiet webhook, last hour": f"webhook={quiet}&span=1h",
        "everything": f"webhook={busy}&status=failed&event=message_created&channel={MAIN}"
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
        "channel": f"channel={MAIN}",
        "unmatched": "unmatched=yes",
        "unmatched, channel": f"unmatched=yes&channel={MAIN}",
        "tests": "test=yes",
        "last hour": "span=1h",
        "type, channel": f"event=conversation_substatus_changed&channel={MAIN}",
        "type, channel, 7 days": f"event=message_updated&channel={MAIN}&span=7d",
        "search": f"q={evt}",
        "search by sender's id": f"q={sender}",
    }
    return {f"events: {name}": f"/events?{query}" for name, query in wanted.items()}


def _audit_lists() -> dict[str, str]:
    wanted = {
        "all": "",
        "older": "before=50000",
        "who": "who=person-7",
        "topic": "what=sign_in",
        "one thing": f"q={SUBJECT}",
        "a rare name": "q=webhook+4321",
        "a rare name of one person": "who=person-7&q=webhook+4207",
        "last 24 hours": "span=24h",
        "everything": "who=person-7&what=change&q=webhook&span=7d",
    }
    return {f"audit: {name}": f"/settings/audit?{query}" for name, query in wanted.items()}


def _other_pages(busy: str) -> dict[str, str]:
    return {
        "channels": "/channels",
        "channels: last page": "/channels?page=9",
        "channels: search": "/channels?q=1",
        "receivers": "/receiver",
        "deleted webhooks": "/webhooks/deleted",
        "deleted webhooks: last page": "/webhooks/deleted?page=80",
        "people": "/settings/users",
        "tokens": "/settings/tokens",
        "sources": "/sources",
        **_audit_lists(),
        "webhook to edit": f"/webhooks/{busy}/edit",
        "webhook to copy": f"/webhooks/new?from={busy}",
        "busy webhook: 7 days": f"/webhooks/{busy}?span=7d",
        "busy webhook: 30 days": f"/webhooks/{busy}?span=30d",
        "busy webhook: history": f"/webhooks/{busy}/history",
        "metrics": "/metrics",
        "api: webhooks": "/api/v1/webhooks",
        "api: channels": "/api/v1/channels",
        "api: deliveries": "/api/v1/deliveries",
        "api: deliveries, failed": "/api/v1/deliveries?status=failed",
        "api: deliveries, busy webhook": f"/api/v1/deliveries?webhook={busy}",
    }


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
    settings: dict[str, object] = {"DATA_DIR": folder.absolute()}
    return create_app({**settings, "DATABASE_URL": url} if url else settings)


@contextmanager
def named(place: str) -> Iterator[Flask]:
    """The app of a data folder, or of a folder and a URL: ``folder,URL``."""
    folder, _, url = place.partition(",")
    app = _open(Path(folder), url or None)
    try:
        yield app
    finally:
        process.close(app)


def main(small: str, large: str, *words: str) -> None:
    """A table of both databases, and the same as JSON."""
    found, machine = {}, Machine()
    print("| page | p95 ms, few | p95 ms, many | median | ratio | CPU ms | ratio | rows | missed |")
    print("|---|---|---|---|---|---|---|---|---|")
    with named(small) as one, named(large) as other:
        for name, page in compare(machine, (one, other), ROUNDS, words or ("",)):
            times = f"{page.few_p95:.1f} | {page.many_p95:.1f} | {page.many_median:.1f}"
            cpu = f"{page.ratio:.2f} | {page.many_cpu:.1f} | {page.cpu_ratio:.2f}"
            rows = f"{page.few_rows}, {page.many_rows}"
            print(f"| {name} | {times} | {cpu} | {rows} | {page.missed} |", flush=True)
            found[name] = page
    missed = [f"{name} ({page.missed})" for name, page in found.items() if page.missed]
    print(f"\n{len(missed)} of {len(found)} miss the goal of {MAX_MS:.0f} ms and {MAX_RATIO}:")
    print("\n".join(missed) or "none")
    print(f"\nmeasured again because others disturbed: {machine.disturbed} of {machine.measured}")
    print(f"how quick the machine was: its loop took {machine.best * 1000:.2f} ms")
    print("\n" + json.dumps({name: asdict(page) for name, page in found.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
