"""The lists of the log: filters, cursors, what is new, search, downloads, and what they cost."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sql_event
from sqlalchemy import insert, text

from tests.conftest import piece, sign_in
from tests.log.rows import CHANNELS, ERRORS, TYPES, Known, fill
from tests.support.apps import ON_SQLITE, MakeApp
from webhooks_ui.catalogue.error_codes import DELIVERY_STATUSES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import (
    Channel,
    Delivery,
    IdempotencyKey,
    Recovery,
    Webhook,
    delivery_rows,
    event_list,
    keyset,
)
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.event_list import EventFilter
from webhooks_ui.models.recovery import Choice

LINKS = re.compile(r'class="outcome [a-z]+" href="/deliveries/(dlv_\w+)[?"]')
CURSOR = re.compile(r"[?&;]before=(\d+)")


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of few rows, so that pages are short and go on further back."""
    monkeypatch.setattr(keyset, "WINDOW", 7)


def all_pages(chosen: DeliveryFilter | EventFilter, limit: int) -> list[int]:
    """The rows of every page, one after the other."""
    rows: list[int] = []
    before: int | None = None
    while True:
        found = chosen.find(before=before, limit=limit)
        assert len(found.ids) <= limit
        rows += found.ids
        if found.next is None:
            return rows
        assert before is None or found.next < before
        before = found.next


def maybe(values: Any) -> Any:
    """One of the values, or None."""
    return st.none() | st.sampled_from(values)


@pytest.mark.usefixtures("narrow")
def test_every_filter_finds_what_plain_python_finds(engine: Flask) -> None:
    known = fill(engine, 40)
    hooks = sorted({one.webhook for one in known})
    moments = [known[-1].at - timedelta(hours=1), known[30].at, known[0].at, now()]

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.builds(
            DeliveryFilter,
            status=maybe(DELIVERY_STATUSES),
            webhook=maybe([*hooks, "wh_unknown"]),
            event=maybe([known[3].event, known[40].event]),
            type=maybe(TYPES),
            channel=maybe([*CHANNELS, "unknown"]),
            error=maybe([*ERRORS, "dns_failure"]),
            test=maybe([True, False]),
            since=maybe(moments),
            until=maybe(moments),
        ),
        st.integers(3, 12),
    )
    def holds(chosen: DeliveryFilter, limit: int) -> None:
        with engine.app_context():
            rows = all_pages(chosen, limit)
            found = [delivery.public_id for delivery in delivery_rows.load(rows)]
        assert found == [one.id for one in known if is_meant(chosen, one)]

    holds()


def is_meant(chosen: DeliveryFilter, one: Known) -> bool:
    """The filter in plain Python."""
    names = ("status", "webhook", "event", "type", "channel", "error", "test")
    return (
        all(getattr(chosen, n) in (None, getattr(one, n)) for n in names)
        and (chosen.since is None or one.at >= chosen.since)
        and (chosen.until is None or one.at < chosen.until)
    )


@pytest.mark.usefixtures("narrow")
def test_events_are_narrowed_too(engine: Flask) -> None:
    fill(engine, 60)
    with engine.app_context():
        every = event_list.load(all_pages(EventFilter(), 9))
        keys = {row: key for row, key, _ in channels()}
        middle = every[30].created_at

        def same(chosen: EventFilter, expected: Any) -> None:
            found = [one.public_id for one in event_list.load(all_pages(chosen, 4))]
            assert found == [one.public_id for one in every if expected(one)]

        assert len(every) == 60
        same(EventFilter(type=TYPES[1]), lambda e: e.type == TYPES[1])
        same(EventFilter(test=True), lambda e: e.test)
        same(EventFilter(channel="sales"), lambda e: keys.get(e.channel_id) == "sales")
        same(EventFilter(unmatched=True), lambda e: not e.deliveries_count and not e.test)
        same(
            EventFilter(unmatched=True, type=TYPES[0], test=False, channel="support"),
            lambda e: (
                not e.deliveries_count
                and not e.test
                and e.type == TYPES[0]
                and keys.get(e.channel_id) == "support"
            ),
        )
        same(EventFilter(since=middle), lambda e: e.created_at >= middle)
        same(
            EventFilter(until=middle, type=TYPES[0]),
            lambda e: e.created_at < middle and e.type == TYPES[0],
        )
        same(EventFilter(event=every[5].public_id), lambda e: e is every[5])


def channels() -> Any:
    return Channel.choices()


def test_pages_do_not_shift_and_new_ones_are_counted(engine: Flask, browser: FlaskClient) -> None:
    known = fill(engine, 90)
    first = browser.get("/deliveries").text
    (cursor, *_) = CURSOR.findall(first)
    polled = re.search(r'hx-get="(/deliveries/new[^"]*)"', first)
    assert polled
    address = polled[1].replace("&amp;", "&")
    assert piece(browser, "GET", address).status_code == 204

    add(engine, 3)
    told = piece(browser, "GET", address)
    second = browser.get(f"/deliveries?before={cursor}").text

    assert "3 new" in told.text
    assert shown(first) + shown(second) == [one.id for one in known][:100]
    assert "/deliveries/new" not in second  # an older page does not ask
    assert piece(browser, "GET", f"{address}&status=failed").status_code == 204
    add(engine, 60)
    assert "50 or more new" in piece(browser, "GET", address).text
    assert len(shown(browser.get("/deliveries").text)) == 50


@ON_SQLITE
def test_live_lets_new_ones_in_and_an_older_page_is_still(
    engine: Flask, browser: FlaskClient
) -> None:
    fill(engine, 60)
    for name in ("deliveries", "events"):
        page = browser.get(f"/{name}").text
        assert 'name="live" value="yes" id="live">' in page  # off by default
        assert f'id="show-newer" href="/{name}"' in page
        live = browser.get(f"/{name}?live=yes").text
        assert 'id="live" checked' in live
        assert "every 2s" in live
        assert "Clear filters" not in live  # it narrows nothing
        polled = re.search(rf'hx-get="(/{name}/new[^"]*)"', live)
        assert polled
        told = piece(browser, "GET", re.sub(r"newest=\d+", "newest=1", unescape(polled[1]))).text
        assert "data-live" in told
        assert f'href="/{name}?live=yes"' in told
        came = piece(browser, "GET", f"/{name}?live=yes&came=3")
        assert ">3 new<" in came.text
        assert "came" not in came.headers["HX-Push-Url"]


def add(app: Flask, count: int) -> None:
    """Deliveries of the first event that have come meanwhile."""
    with app.app_context(), transaction():
        mine = {"event_id": 1, "webhook_id": 1, "type": "message_created", "status": "pending"}
        db.session.execute(insert(Delivery), [mine for _ in range(count)])


def shown(page: str) -> list[str]:
    """The deliveries of a page in their order."""
    return LINKS.findall(page)


def test_search_finds_by_any_id(engine: Flask, browser: FlaskClient) -> None:
    known = fill(engine, 30)
    one = known[7]
    number = int(one.event[-16:])
    of_event = [other.id for other in known if other.event == one.event]
    of_hook = [other.id for other in known if other.webhook == one.webhook]

    def found(query: str) -> list[str]:
        return shown(browser.get(f"/deliveries?{query}").text)

    assert found(f"q={one.id}") == [one.id]
    assert found(f"q={one.event}") == of_event
    assert found(f"q=m-{number}") == of_event
    assert found(f"q={one.webhook}") == of_hook
    assert found(f"q={one.webhook}&status=failed") == [
        other.id for other in known if other.webhook == one.webhook and other.status == "failed"
    ]
    assert found("webhook=Hook+1") == found(f"webhook={named(engine, 'Hook 1')}") != []
    assert found("q=nobody-has-this") == found("webhook=nobody") == []
    assert found(f"q={one.webhook}&webhook={one.webhook}") == of_hook
    elsewhere = next(other.webhook for other in known if other.webhook != one.webhook)
    assert found(f"q={one.webhook}&webhook={elsewhere}") == []
    assert one.event in browser.get(f"/events?q={one.id}").text
    page = browser.get("/deliveries?q=nobody-has-this").text
    assert "No delivery matches" in page
    assert 'href="/deliveries">Clear filters' in page
    event = browser.get(f"/events?q=m-{number}").text
    assert event.count('href="/events/evt_') >= 1
    assert one.event in event
    assert "No event matches" in browser.get("/events?q=m-none").text


def test_search_knows_channels_recoveries_and_idempotency_keys(
    engine: Flask, browser: FlaskClient
) -> None:
    known = fill(engine, 20)
    in_sales, of_recovery = [one.id for one in known if one.channel == "sales"], known[3].id
    with engine.app_context(), transaction():
        recovery = Recovery(since=now(), until=now(), total=1, last_row=1)
        recovery.choice = Choice()
        db.session.add(recovery)
        db.session.flush()
        delivery = Delivery.by_public_id(of_recovery)
        assert delivery
        delivery.recovery_id = recovery.id
        event = known[3].event
        db.session.add(IdempotencyKey(key="key:order-17", event_public_id=event, fingerprint=""))
        channel = Channel.by_key("sales")
        assert channel
        ids = channel.public_id, recovery.public_id

    def found(words: str) -> list[str]:
        return shown(browser.get(f"/deliveries?q={words}").text)

    assert found(ids[0]) == in_sales
    assert found(ids[1]) == [of_recovery]
    assert of_recovery in found("order-17")
    assert {one.event for one in known if one.id in found("order-17")} == {event}
    assert event in browser.get("/events?q=order-17").text


def named(app: Flask, name: str) -> str:
    with app.app_context():
        webhook = db.session.query(Webhook).filter_by(name=name).one()
        return webhook.public_id


@pytest.mark.parametrize("path", ["/deliveries", "/events", "/webhooks"])
def test_a_step_back_leads_away_from_what_was_asked_twice(app: Flask, path: str) -> None:
    """To press Enter in a field is a change and a submission: two requests, one step."""
    browser = sign_in(app, "olena")
    url = f"{path}?event=message_created"
    here = {"HX-Current-URL": f"http://localhost{path}"}
    first = piece(browser, "GET", url, headers=here).headers
    again = piece(browser, "GET", url, headers={"HX-Current-URL": f"http://localhost{url}"}).headers

    assert first["HX-Push-Url"] == again["HX-Replace-Url"] == url
    assert "HX-Push-Url" not in again


@ON_SQLITE
def test_nothing_yet(browser: FlaskClient) -> None:
    assert "No deliveries" in browser.get("/deliveries").text
    assert "No events" in browser.get("/events").text


@ON_SQLITE
def test_what_a_url_says_that_means_nothing_narrows_nothing(
    engine: Flask, browser: FlaskClient
) -> None:
    fill(engine, 5)
    everything = shown(browser.get("/deliveries").text)
    for query in ("status=x", "since=yesterday", "before=-1", "test=maybe", "span=9y", "error=no"):
        assert shown(browser.get(f"/deliveries?{query}").text) == everything, query


@ON_SQLITE
def test_times_are_those_of_the_console(make_engine: MakeApp) -> None:
    app = make_engine(TIMEZONE="Europe/Kyiv")
    known = fill(app, 20)
    browser = sign_in(app, "olena")
    edge = known[11].at.astimezone(ZoneInfo("Europe/Kyiv"))
    since = edge.strftime("%Y-%m-%dT%H:%M")

    newer = [one.id for one in known if one.at >= edge.replace(second=0, microsecond=0)]
    assert shown(browser.get(f"/deliveries?since={since}").text) == newer
    # A preset says since when, whatever else the URL has.
    both = browser.get(f"/deliveries?span=7d&until={since}").text
    assert shown(both) == shown(browser.get("/deliveries?span=7d").text) != []
    assert "until=" not in both.partition('id="deliveries"')[2]
    older = [one.id for one in known if one.at < edge.replace(second=0, microsecond=0)]
    assert shown(browser.get(f"/deliveries?until={since}").text) == older


@pytest.mark.usefixtures("narrow")
def test_a_download_holds_what_the_list_holds(engine: Flask) -> None:
    known = fill(engine, 80)
    viewer = sign_in(engine, "vira", role="viewer")
    with engine.app_context(), transaction():
        hook = Webhook.by_public_id(known[0].webhook)
        assert hook
        hook.name = "=HYPERLINK(1)"
    wanted = [one.id for one in known if one.type == TYPES[0]]

    lines = viewer.get(f"/deliveries.ndjson?event={TYPES[0]}")
    rows = [json.loads(line) for line in lines.text.splitlines()]
    table = viewer.get(f"/deliveries.csv?event={TYPES[0]}")
    cells = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))

    assert [row["id"] for row in rows] == [cell["id"] for cell in cells] == wanted
    assert "'=HYPERLINK(1)" in {cell["webhook"] for cell in cells}
    assert "=HYPERLINK(1)" in {row["webhook"] for row in rows}
    nothing = viewer.get("/deliveries.csv?q=nobody-has-this").text
    assert nothing.strip() == table.text.splitlines()[0]
    assert f"filename=deliveries-{TYPES[0]}-20" in table.headers["Content-Disposition"]


@ON_SQLITE
def test_a_download_is_named_by_its_filter_and_the_date(engine: Flask) -> None:
    viewer = sign_in(engine, "vira", role="viewer")
    viewer.set_cookie("timezone", "Pacific/Kiritimati")  # where the day begins
    query = {"status": "failed", "channel": "Львів 1", "test": "no", "since": "2026-10-25T03:30"}
    zone = ZoneInfo("Pacific/Kiritimati")
    dates = {datetime.now(zone).date()}
    found = viewer.get("/deliveries.csv", query_string=query).headers["Content-Disposition"]
    dates.add(datetime.now(zone).date())  # midnight may pass meanwhile
    name = "deliveries-failed-Львів-1-no-tests-from-2026-10-25T0330"
    assert any(f"filename*=UTF-8''{quote(f'{name}-{date}.csv')}" in found for date in dates)


@ON_SQLITE
def test_semicolons_are_offered_where_the_comma_is_decimal(engine: Flask) -> None:
    fill(engine, 3)
    viewer = sign_in(engine, "vira", role="viewer")
    link = "/deliveries.csv?separator=semicolon"
    assert link not in viewer.get("/deliveries").text
    assert f'href="{link}"' in viewer.get("/deliveries", headers={"Accept-Language": "uk"}).text
    assert viewer.get(link).text.startswith("\ufeffid;created_at;")


def test_a_download_holds_no_connection_between_its_parts(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webhooks_ui.views.downloads._AT_ONCE", 10)
    fill(engine, 40)
    with engine.app_context():
        pool: Any = db.engine.pool
    answer = sign_in(engine, "olena").get("/deliveries.ndjson", buffered=False)
    parts = iter(answer.response)
    seen = [next(parts) for _ in range(25)]

    assert len(seen) == 25
    assert pool.checkedout() == 0
    assert len([*parts]) == 39
    answer.close()


@contextmanager
def listening(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent to the database in the block."""
    with app.app_context():
        engine = db.engine
    statements: list[tuple[str, Any]] = []

    def heard(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append((statement, parameters))

    sql_event.listen(engine, "before_cursor_execute", heard)
    try:
        yield statements
    finally:
        sql_event.remove(engine, "before_cursor_execute", heard)


LEADING: list[tuple[DeliveryFilter, str]] = [
    (DeliveryFilter(), "pk_deliveries|INTEGER PRIMARY KEY"),
    (DeliveryFilter(status="pending"), "ix_deliveries_open"),
    (DeliveryFilter(status="delivering"), "ix_deliveries_open"),
    (DeliveryFilter(status="failed"), "ix_deliveries_lost"),
    (DeliveryFilter(status="cancelled", type=TYPES[0]), "ix_deliveries_lost"),
    (DeliveryFilter(error="tls_failure"), "ix_deliveries_error"),
    (DeliveryFilter(channel="sales"), "ix_deliveries_channel_id"),
    (DeliveryFilter(test=True), "ix_deliveries_test"),
    (DeliveryFilter(type=TYPES[2]), "ix_deliveries_type_id"),
]


def test_each_filter_is_answered_from_its_index(engine: Flask) -> None:
    """With many rows, without statistics on SQLite and with them on PostgreSQL."""
    known = fill(engine, 20)
    grow(engine, 5_000)
    one = DeliveryFilter(webhook=known[0].webhook)
    lost = DeliveryFilter(webhook=known[0].webhook, status="failed")
    both = replace(lost, type=TYPES[0], error="timeout", since=known[-1].at)
    more = [(one, "ix_deliveries_webhook_id_id")]
    more += [(chosen, "ix_deliveries_webhook_lost") for chosen in (lost, both)]
    with engine.app_context():
        for chosen, index in LEADING + more:
            with listening(engine) as statements:
                chosen.find()
            plan = explained(*next(s for s in statements if is_walk(s[0])))
            assert re.search(index, plan), f"{chosen}\n{plan}"
            assert not re.search(r"Seq Scan|SCAN deliveries", plan), plan


def is_walk(statement: str) -> bool:
    """Whether it is the page's own query, not a look-up of where a span of time begins."""
    return "FROM deliveries" in statement and "ORDER BY deliveries.public_id" not in statement


def test_a_row_that_retention_has_removed_since_does_not_break_its_page(app: Flask) -> None:
    gone = keyset.KeysetPage((), 5, is_short=True)
    with app.app_context():
        assert keyset.looked_back_to(Delivery, gone) is None


def explained(statement: str, parameters: Any) -> str:
    is_sqlite = db.engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    rows = db.session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
    return "\n".join(" ".join(str(cell) for cell in row) for row in rows)


def grow(app: Flask, count: int) -> None:
    """More deliveries, of which few are anything but succeeded."""
    hooks = 100
    rows = [
        {
            "event_id": n % 16 + 1,
            "webhook_id": n % 3 + 1,
            "type": TYPES[2 if n % hooks == 0 else 0],
            "status": "failed" if n % 97 == 0 else "pending" if n % 89 == 0 else "succeeded",
            "error": "timeout" if n % 97 == 0 else None,
        }
        for n in range(count)
    ]
    with app.app_context(), transaction():
        db.session.execute(insert(Delivery), rows)
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE deliveries"))
