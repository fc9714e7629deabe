"""Recover: what was not delivered is counted first, then sent again, each once."""

import re
import signal
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from ulid import ULID

from tests.conftest import piece, sign_in
from tests.engine.conftest import StartWorker, deliveries, send, subscribe, working
from tests.support.apps import ON_POSTGRESQL, ON_SQLITE, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.jobs import recovery
from webhooks_ui.models import (
    Delivery,
    JobRun,
    Recovery,
    Webhook,
    WebhookState,
    undelivered,
    webhook_changes,
    webhook_history,
)
from webhooks_ui.models.recovery import Choice

HOUR = timedelta(hours=1)


def lose(app: Flask, status: str = "failed", **narrowed: object) -> None:
    """Lets every delivery that waits fail, or be cancelled."""
    with app.app_context(), transaction():
        waiting = update(Delivery).where(Delivery.status == "pending").filter_by(**narrowed)
        values = {"status": status, "due_at": None, "error": "timeout", "attempts_made": 1}
        db.session.execute(waiting.values(**values))


def recover(app: Flask, **choice: Any) -> Recovery:
    """Begins a recovery of what failed within the last hour."""
    with app.app_context():
        chosen, since = Choice(**choice), now() - HOUR
        found = undelivered.preview(chosen, since, now() + HOUR)
        begun = recovery.start(chosen, since, now() + HOUR, found, None)
        assert isinstance(begun, Recovery)
        db.session.refresh(begun)
        db.session.expunge_all()
        return begun


def go_through(app: Flask) -> None:
    with app.app_context():
        while recovery.step():
            pass


def made(app: Flask) -> list[Delivery]:
    return [delivery for delivery in deliveries(app) if delivery.resend_of_id]


def state(app: Flask) -> Recovery:
    with app.app_context():
        found = db.session.scalars(select(Recovery)).one()
        db.session.expunge_all()
        return found


def switch(app: Flask, public_id: str, enabled: bool) -> None:
    with app.app_context():
        webhook = Webhook.by_public_id(public_id)
        assert webhook
        webhook_changes.set_enabled(webhook, enabled, None)


def test_exactly_what_the_preview_counts_is_sent_again(engine: Flask, browser: FlaskClient) -> None:
    own = subscribe(engine, "http://127.0.0.1/1", name="Own")
    subscribe(engine, "http://127.0.0.1/2", name="Other")
    send(engine, 7)
    lose(engine)
    send(engine, 2)
    lose(engine, "cancelled")
    send(engine, 3)  # these wait, and are not touched

    page = browser.get(f"/webhooks/{own}/recover").text
    assert '<strong id="found">9 deliveries</strong>' in page
    narrowed = browser.get(f"/webhooks/{own}/recover?status=cancelled").text
    assert '<strong id="found">2 deliveries</strong>' in narrowed
    begun = browser.post(f"/webhooks/{own}/recover", data={"status": "failed", "span": "1h"})
    assert begun.status_code == 303
    go_through(engine)

    again = made(engine)
    assert len(again) == 7
    assert len({delivery.resend_of_id for delivery in again}) == 7
    assert {delivery.status for delivery in again} == {"pending"}
    assert begun.location in browser.get(f"/deliveries/{again[0].public_id}").text
    progress = browser.get(begun.location).text
    assert "7 of 7 queued to be sent again." in progress
    assert "On its way" in progress  # all are made, and none has arrived
    assert "Finished" not in progress
    assert (
        browser.get(f"/webhooks/{own}/recover?status=failed").text.count("Nothing to resend") == 1
    )
    everything = browser.get("/deliveries/recover?span=1h").text
    assert '<strong id="found">11 deliveries</strong>' in everything
    assert "7 more are left out" in everything


def test_what_came_while_it_was_disabled_is_sent_too(
    engine: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "BATCH", 20)
    own = subscribe(engine, "http://127.0.0.1/1", name="Own", events=("message_created",))
    subscribe(engine, "http://127.0.0.1/2", name="Other")
    send(engine)
    lose(engine)
    switch(engine, own, enabled=False)
    missed = send(engine, recovery.BATCH + 1)
    send(engine, type="team_changed")  # it did not subscribe to that
    assert (
        "can be sent to it" in browser.post(f"/webhooks/{own}/enable", follow_redirects=True).text
    )
    browser.post(f"/events/{missed[1].event_id}/deliver", data={"webhook": own})  # one by hand
    send(engine)

    page = browser.get(f"/webhooks/{own}/recover").text
    assert '<strong id="found">1 delivery</strong>' in page
    assert f'<strong id="missed">{recovery.BATCH} events</strong>' in page
    assert f"Send {recovery.BATCH + 1} events" in page
    assert 'id="missed"' not in browser.get(f"/webhooks/{own}/recover?status=failed").text
    begun = browser.post(f"/webhooks/{own}/recover").location
    go_through(engine)

    again = [delivery for delivery in deliveries(engine) if delivery.recovery_id]
    assert len(again) == len({delivery.event_id for delivery in again}) == recovery.BATCH + 1
    assert {delivery.webhook_id for delivery in again} == {1}
    assert (state(engine).status, state(engine).resent) == ("finished", recovery.BATCH + 1)
    assert (
        f"{recovery.BATCH + 1} of {recovery.BATCH + 1} queued to be sent again."
        in browser.get(begun).text
    )
    story = browser.get(f"/events/{missed[0].event_id}").text.partition('id="missed"')[0]
    assert "It was sent by a recovery." in story
    assert "Nothing to resend" in browser.get(f"/webhooks/{own}/recover").text


@ON_SQLITE
def test_a_disabled_webhook_is_not_said_to_miss_nothing(
    engine: Flask, browser: FlaskClient
) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 2)
    lose(engine)
    switch(engine, own, enabled=False)
    send(engine, 3)

    for url in (f"/webhooks/{own}/recover", f"/deliveries/recover?webhook={own}"):
        page = browser.get(url).text
        assert "Nothing to resend" not in page
        assert '<strong id="found">2 deliveries</strong>' in page
        assert "The webhook is disabled, so nothing can be sent to it." in page
        assert 'id="recover"' not in page
    assert '<strong id="missed">3 events</strong>' in browser.get(f"/webhooks/{own}/recover").text
    assert browser.post(f"/webhooks/{own}/recover").status_code == 200
    with engine.app_context():
        assert not db.session.scalars(select(Recovery)).all()


def test_more_may_be_sent_than_were_counted_before(engine: Flask, browser: FlaskClient) -> None:
    """What fails after the count is sent too; queued is not delivered, and the bar says so."""
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3)
    lose(engine)
    begun = recover(engine, webhook=own)
    with engine.app_context(), transaction():
        db.session.execute(update(Recovery).values(total=2))
    go_through(engine)

    page = browser.get(f"/recoveries/{begun.public_id}").text
    assert "3 of 3 queued to be sent again." in page
    assert '<progress max="3" value="0"' in page
    assert "On its way" in page
    lose(engine)
    page = browser.get(f"/recoveries/{begun.public_id}").text
    assert '<span class="state bad">' in page.partition('id="progress"')[2]


def test_it_goes_back_to_where_the_trouble_began(engine: Flask, browser: FlaskClient) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 3)
    lose(engine)
    four_days = now() - timedelta(days=4)
    with engine.app_context(), transaction():
        webhook = Webhook.by_public_id(own)
        assert webhook
        webhook.disable("failing")
        webhook_history.record([webhook.id], four_days)
        db.session.execute(update(WebhookState).values(since=four_days))
        # What failed before it was disabled, and long before the last 24 hours.
        ulid = str(ULID.from_datetime(four_days - timedelta(days=3))).lower()
        old = {"created_at": four_days - timedelta(days=3), "public_id": f"dlv_{ulid}"}
        db.session.execute(update(Delivery).where(Delivery.id == 1).values(**old))
    switch(engine, own, enabled=True)
    assert (
        '<strong id="found">3 deliveries</strong>' in browser.get(f"/webhooks/{own}/recover").text
    )
    day = browser.get(f"/webhooks/{own}/recover?span=24h").text
    assert '<strong id="found">2 deliveries</strong>' in day
    assert "Since it started failing" in day


def test_what_was_settled_otherwise_is_left_out(engine: Flask) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    off = subscribe(engine, "http://127.0.0.1/2")
    send(engine, 2)
    lose(engine)
    with engine.app_context(), transaction():
        first = db.session.scalars(select(Delivery).order_by(Delivery.id)).first()
        assert first
        first.status = "succeeded"
    switch(engine, off, enabled=False)
    with engine.app_context():
        found = undelivered.preview(Choice(), now() - HOUR, now() + HOUR)
        assert (found.count, found.left_out) == (1, 2)
    recover(engine)
    go_through(engine)
    (again,) = made(engine)
    with engine.app_context():
        webhook = Webhook.by_public_id(own)
        assert webhook
        assert again.webhook_id == webhook.id
    # What was sent again and failed again is sent again, but not its forerunner as well.
    lose(engine)
    with engine.app_context():
        assert undelivered.preview(Choice(), now() - HOUR, now() + HOUR).count == 1


def test_more_than_were_counted_is_said_and_can_be_started(
    engine: Flask, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undelivered, "MAX_COUNTED", 10)
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 12)
    lose(engine)
    with engine.app_context(), transaction():
        db.session.execute(update(Delivery).where(Delivery.id <= 10).values(test=False))
        for row in range(1, 11):  # the first ten were sent again by hand and are on their way
            first = db.session.get_one(Delivery, row)
            again = Delivery(event_id=first.event_id, webhook_id=first.webhook_id, type=first.type)
            again.status, again.due_at = "pending", now() + HOUR
            db.session.add(again)
    page = browser.get(f"/webhooks/{own}/recover?span=1h").text
    assert "0 or more deliveries" in page
    assert browser.post(f"/webhooks/{own}/recover", data={"span": "1h"}).status_code == 303
    go_through(engine)
    assert len(made(engine)) == 2


@ON_SQLITE
def test_a_filtered_list_leads_to_it(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1/1", name="CRM")
    send(engine, 3)
    lose(engine)
    page = browser.get("/deliveries?webhook=CRM&error=timeout&status=failed").text
    (link,) = re.findall(r'href="(/deliveries/recover\?[^"]*)"', page)
    assert '<strong id="found">3 deliveries</strong>' in browser.get(unescape(link)).text
    assert "/deliveries/recover" not in browser.get("/deliveries").text
    # It cannot be narrowed to what an id names, so it is not offered there.
    own = deliveries(engine)[0].public_id
    assert "/deliveries/recover" not in browser.get(f"/deliveries?status=failed&q={own}").text
    # It says what a filter by a notice of the console's own is narrowed to.
    assert "Webhook failing" in browser.get("/deliveries/recover?event=webhook_failing").text


@ON_SQLITE
def test_it_can_be_stopped(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, recovery.BATCH + 50)
    lose(engine)
    begun = recover(engine)
    with engine.app_context():
        assert recovery.step()
    path = f"/recoveries/{begun.public_id}"
    running = piece(browser, "GET", path).text
    assert "every 2s" in running
    assert f"{recovery.BATCH} of {recovery.BATCH + 50} queued to be sent again." in running
    assert browser.post(f"{path}/stop").status_code == 303
    go_through(engine)
    assert (state(engine).status, len(made(engine))) == ("stopped", recovery.BATCH)
    # What waited is not sent any more; it is lost again, and a later recovery finds it.
    assert {delivery.status for delivery in made(engine)} == {"cancelled"}
    assert all(delivery.finished_at for delivery in made(engine))
    stopped = browser.get(path).text
    assert re.search(rf"Cancelled</dt><dd>{recovery.BATCH}", stopped)
    with engine.app_context():
        found = undelivered.preview(Choice(), now() - HOUR, now() + HOUR)
        assert found.count == recovery.BATCH + 50
    viewer = sign_in(engine, "viewer", "viewer")
    assert viewer.get(path).status_code == 200
    assert viewer.post(f"{path}/stop").status_code == 403


def test_it_stops_with_its_webhook_and_only_one_runs(engine: Flask, browser: FlaskClient) -> None:
    own = subscribe(engine, "http://127.0.0.1/1")
    send(engine, 5)
    lose(engine)
    begun = recover(engine, webhook=own)
    second = browser.post(f"/webhooks/{own}/recover", data={"span": "1h"}, follow_redirects=True)
    assert second.request.path == f"/recoveries/{begun.public_id}"
    assert "Another recovery is still running." in second.text
    switch(engine, own, enabled=False)
    go_through(engine)
    assert (state(engine).status, state(engine).reason, made(engine)) == ("stopped", "disabled", [])
    assert "The webhook was disabled." in browser.get(f"/recoveries/{begun.public_id}").text


def test_it_does_not_flood(engine: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "MAX_WAITING", 250)
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, recovery.MAX_WAITING + 100)
    lose(engine)
    recover(engine)
    go_through(engine)
    assert len(made(engine)) <= recovery.MAX_WAITING
    assert state(engine).status == "running"
    with engine.app_context(), transaction():
        db.session.execute(update(Delivery).values(attempts_made=1))
    go_through(engine)
    assert len(made(engine)) == recovery.MAX_WAITING + 100
    assert state(engine).status == "finished"


def test_fresh_events_go_first(engine: Flask, receiver: Receiver) -> None:
    subscribe(engine, receiver.url)
    send(engine, 30)
    lose(engine)
    recover(engine)
    go_through(engine)
    (fresh,) = send(engine)
    with working(engine, concurrency=1):
        wait_until(lambda: len(receiver.requests()) == 31, what="everything")
    first = [request.json()["id"] for request in receiver.requests()[:3]]
    assert fresh.event_id in first


@ON_POSTGRESQL
def test_many_with_the_worker_killed_in_the_middle(
    make_engine: MakeApp, receiver: Receiver, start_worker: StartWorker
) -> None:
    """More than may wait at once, so that it still goes on when the first answers stay out."""
    app, lost = make_engine(), 150
    few = "from webhooks_ui.jobs import recovery as r; r.BATCH, r.MAX_WAITING = 20, 80"
    subscribe(app, receiver.url)
    send(app, lost)
    lose(app)
    recover(app)
    receiver.answer(*[Answer()] * 50, Answer(hang=True))
    first = start_worker(environ(app), few)
    receiver.wait(52)
    first.send_signal(signal.SIGKILL)
    first.wait()
    receiver.answer(Answer())
    with app.app_context():
        assert state(app).status == "running"
        with transaction():  # as if the leases of who is gone had run out
            leased = update(Delivery).where(Delivery.status == "delivering")
            db.session.execute(leased.values(lease_until=EPOCH))
            db.session.execute(update(JobRun).values(held_until=EPOCH))
    second = start_worker(environ(app), few)
    try:
        wait_until(lambda: delivered(app) == lost, what=f"{lost} deliveries")
        wait_until(lambda: state(app).status == "finished", what="the end of the recovery")
    finally:
        second.terminate()
        assert second.wait(60) == 0
    again = made(app)
    assert len(again) == len({delivery.resend_of_id for delivery in again}) == lost
    assert {request.header("webhook-id") for request in receiver.requests()} == {
        delivery.message_id for delivery in again
    }
    assert all(delivery.message_id != delivery.public_id for delivery in again)
    assert (state(app).status, state(app).resent) == ("finished", lost)


def environ(app: Flask) -> dict[str, str]:
    """The settings of a worker in another process."""
    return {
        "WEBHOOKS_UI_DATA_DIR": str(app.config["DATA_DIR"]),
        "WEBHOOKS_UI_DATABASE_URL": app.config["DATABASE_URL"],
        "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
    }


def delivered(app: Flask) -> int:
    with app.app_context():
        succeeded = select(func.count(Delivery.id)).where(Delivery.status == "succeeded")
        return db.session.scalar(succeeded) or 0


def test_it_is_split_by_webhook_and_asks_before_it_sends_to_one_that_fails(
    engine: Flask, browser: FlaskClient
) -> None:
    good = subscribe(engine, "http://127.0.0.1/1", name="Good")
    bad = subscribe(engine, "http://127.0.0.1/2", name="Bad")
    send(engine, 3)
    lose(engine)
    set_failing(engine, bad)
    page = browser.get("/deliveries/recover?span=1h").text
    assert '<strong id="found">6 deliveries</strong>' in page
    assert ticks(page) == {good: True, bad: False}
    assert page.count("Still failing.") == 1

    offered = {"span": "1h", "offered": [good, bad]}
    none = browser.post("/deliveries/recover", data=offered)
    assert "Select at least one webhook." in none.text
    assert ticks(none.text) == {good: False, bad: False}
    begun = browser.post("/deliveries/recover", data={**offered, "send": good}).location
    go_through(engine)
    assert len(made(engine)) == 3
    progress = browser.get(begun).text
    assert figures(progress) == {"Sent": 0, "Delivered": 0, "Failed": 0, "Left": 3}
    assert "Good" in progress
    assert "Bad" not in progress
    page = browser.get(f"/webhooks/{bad}/recover?span=1h").text
    assert 'id="still-failing"' in page
    assert "Send anyway" in page
    assert browser.post(f"/webhooks/{bad}/recover", data={"span": "1h"}).status_code == 303


def test_its_figures_add_up_while_it_runs(engine: Flask, browser: FlaskClient) -> None:
    subscribe(engine, "http://127.0.0.1/1")
    send(engine, recovery.BATCH + 50)
    lose(engine)
    begun = recover(engine)
    with engine.app_context():
        recovery.step()
    outcomes = [
        *(("succeeded", 1), ("succeeded", 2), ("failed", 3), ("cancelled", 0)),
        *(("cancelled", 1), ("pending", 1), ("delivering", 0)),
    ]
    for delivery, (status, attempts) in zip(made(engine), outcomes, strict=False):
        with engine.app_context(), transaction():
            changed = update(Delivery).where(Delivery.id == delivery.id)
            db.session.execute(changed.values(status=status, attempts_made=attempts))
    page = browser.get(f"/recoveries/{begun.public_id}").text
    left = recovery.BATCH + 50 - 5
    assert figures(page) == {"Sent": 5, "Delivered": 2, "Failed": 1, "Cancelled": 2, "Left": left}
    assert "1 is waiting for its next attempt" in page


def set_failing(app: Flask, public_id: str) -> None:
    with app.app_context(), transaction():
        failing = update(Webhook).where(Webhook.public_id == public_id)
        db.session.execute(failing.values(failing_since=now(), last_succeeded=False))


def ticks(page: str) -> dict[str, bool]:
    """The webhooks that are offered, and whether each is ticked."""
    found = re.findall(r'name="send" value="(\w+)"( checked)?', page)
    return {webhook: bool(checked) for webhook, checked in found}


def figures(page: str) -> dict[str, int]:
    """The counts of a recovery's page."""
    found = re.findall(r"<dt>(\w+)</dt><dd[^>]*>(\d+)", page.partition('id="progress"')[2])
    counts = {name: int(count) for name, count in found}
    return {name: count for name, count in counts.items() if name not in ("Started", "Stopped")}
