"""Alerts: from the outcome that causes one to the operational webhook and the e-mail."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask
from sqlalchemy import insert, select
from standardwebhooks import Webhook as Verifier

from tests.engine.conftest import ended, send, subscribe, working
from tests.support.apps import ON_SQLITE, MakeApp
from tests.support.mail_server import MailServer
from tests.support.receiver import Answer, Received, Receiver
from tests.support.waiting import free_port
from webhooks_ui.catalogue.event_types import OPERATIONAL_TYPES
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.delivery.worker import loop
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import IncomingEvent, Refusal
from webhooks_ui.jobs import alerts, scheduler
from webhooks_ui.jobs.alerts import Alerts
from webhooks_ui.models import (
    Alert,
    Delivery,
    Event,
    Webhook,
    backlog,
    event_outcomes,
    webhook_changes,
)
from webhooks_ui.settings.addresses import MailServer as Settings

OWN = tuple(OPERATIONAL_TYPES)
RETRY_AT_ONCE = (timedelta(0),)  # one retry, at once
SINCE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def watcher() -> Any:
    """The receiver of an operational webhook."""
    with Receiver() as running:
        yield running


def verified(app: Flask, webhook_id: str, request: Received) -> dict[str, Any]:
    """The envelope received, its signature checked by an independent library."""
    with app.app_context():
        webhook = Webhook.by_public_id(webhook_id)
        assert webhook
        (secret,) = webhook.signing_secrets(app.extensions["vault"], now())
    body: dict[str, Any] = Verifier(secret).verify(request.body, dict(request.headers))
    return body


def row_of(public_id: str) -> int:
    return db.session.scalars(select(Webhook.id).where(Webhook.public_id == public_id)).one()


def add_alert(app: Flask, webhook_id: str, kind: str, **detail: Any) -> None:
    """Inserts an alert as the engine does."""
    facts = {"error": "http_status", "status_code": 503, "since": SINCE.isoformat()}
    with app.app_context():
        values = {"webhook_id": row_of(webhook_id), "kind": kind, "detail": facts | detail}
        with transaction():
            db.session.execute(insert(Alert).values(**values))


def step(app: Flask, clock: Callable[[], datetime] = now) -> bool:
    with app.app_context():
        return Alerts(app, clock).step()


def counts(app: Flask) -> tuple[int, int]:
    """The number of alerts left, and of events."""
    with app.app_context():
        return db.session.query(Alert).count(), db.session.query(Event).count()


def test_failing_disabled_and_recovered_reach_another_webhook_signed(
    make_engine: MakeApp, receiver: Receiver, watcher: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "POLL_INTERVAL", 0.05)
    monkeypatch.setattr(loop, "POLL_EVERY", 0.05)
    app = make_engine(RETRY_SCHEDULE=RETRY_AT_ONCE, PUBLIC_URL="https://hooks.example")
    watching = subscribe(app, watcher.url, events=OWN)
    broken = subscribe(app, f"{receiver.url}?token=hunter2", name="CRM")
    jobs = scheduler.Scheduler(app, [j for j in scheduler.all_jobs(app) if j.name == "notices"])
    jobs.start()
    try:
        with working(app):
            receiver.answer(Answer(503))
            (failed,) = send(app)
            failing = verified(app, watching, watcher.wait(1)[0])
            receiver.answer(Answer(200))
            send(app)
            recovered = verified(app, watching, watcher.wait(2)[1])
            receiver.answer(Answer(410))
            send(app)
            disabled = verified(app, watching, watcher.wait(3)[2])
    finally:
        jobs.stop()

    assert [failing["type"], recovered["type"], disabled["type"]] == [OWN[0], OWN[2], OWN[1]]
    assert failing["channel"] is None
    told = failing["data"]
    with app.app_context():
        event = db.session.scalars(select(Event).where(Event.public_id == failed.event_id)).one()
        delivery_id = db.session.scalars(
            select(Delivery.public_id).where(Delivery.event_id == event.id)
        ).one()
    assert told["webhook"] == {
        "id": broken,
        "name": "CRM",
        "url": receiver.url,
        "link": f"https://hooks.example/webhooks/{broken}",
    }
    assert told["error"] == {
        "code": "http_status",
        "status_code": 503,
        "message": "The receiver is not available.",
    }
    assert told["delivery"] == {
        "id": delivery_id,
        "link": f"https://hooks.example/deliveries/{delivery_id}",
    }
    assert told["failing_since"] <= told["happened_at"]
    assert (told["reason"], recovered["data"]["error"]) == (None, None)
    assert recovered["data"]["failing_since"] == told["failing_since"]
    assert disabled["data"]["reason"] == "gone"
    assert disabled["data"]["error"]["status_code"] == 410
    assert b"hunter2" not in b"".join(request.body for request in watcher.requests())
    assert counts(app)[0] == 0
    for kind, envelope in zip(
        (OWN[0], OWN[2], OWN[1]), (failing, recovered, disabled), strict=True
    ):
        assert envelope["data"].keys() == OPERATIONAL_TYPES[kind].sample.keys()


def test_a_webhook_gets_no_alert_about_itself(engine: Flask) -> None:
    watching = subscribe(engine, "http://127.0.0.1/1", events=OWN)
    other = subscribe(engine, "http://127.0.0.1/2", events=OWN)
    add_alert(engine, watching, "failing")
    add_alert(engine, other, "disabled", reason="gone")
    assert [step(engine), step(engine)] == [True, False]
    with engine.app_context():
        rows = db.session.query(Delivery).order_by(Delivery.id).all()
        got = {row.type: row.webhook.public_id for row in rows if row.webhook}
        event = db.session.scalars(select(Event).where(Event.type == "webhook_failing")).one()
        (missed,) = event_outcomes.missed(event, "", 1).items
    assert (missed.webhook.public_id, missed.reasons) == (watching, ("itself",))
    assert got == {"webhook_failing": other, "webhook_disabled": watching}
    assert len(rows) == 2


def test_a_crash_after_emitting_does_not_emit_twice(
    engine: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = subscribe(engine, "http://127.0.0.1/1", events=OWN)
    broken = subscribe(engine, "http://127.0.0.1/2")
    add_alert(engine, broken, "failing")

    def dies(events: Any) -> Any:
        real(events)
        raise KeyboardInterrupt

    real = accept.accept
    monkeypatch.setattr(accept, "accept", dies)
    with pytest.raises(KeyboardInterrupt):
        step(engine)
    monkeypatch.undo()
    assert counts(engine) == (1, 1)
    send(engine)  # changes the payload, which has the number of waiting deliveries
    assert not step(engine)
    assert counts(engine) == (0, 2)
    assert watching
    # SQLite reuses the row id; it is another alert all the same.
    add_alert(engine, broken, "recovered")
    step(engine)
    assert counts(engine) == (0, 3)


def test_an_alert_does_not_share_idempotency_keys_with_the_platform(engine: Flask) -> None:
    broken = subscribe(engine, "http://127.0.0.1/2")
    add_alert(engine, broken, "failing")
    with engine.app_context():
        alert = db.session.scalars(select(Alert)).one()
        moment = alert.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        key = f"{alert.id}-{moment}"
    send(engine, idempotency_key=key)
    step(engine)
    assert counts(engine) == (0, 2)


def test_intake_refuses_operational_events_from_outside(engine: Flask) -> None:
    with engine.app_context():
        for kind in OWN:
            answer = accept.accept([IncomingEvent(kind, b"{}")])
            assert isinstance(answer, Refusal)
            assert answer.code == "unknown_type"
            assert "Only this console sends" in str(answer.detail)
            assert kind not in str(answer.detail)


def test_a_deleted_webhook_causes_no_alert(engine: Flask) -> None:
    broken = subscribe(engine, "http://127.0.0.1/2")
    add_alert(engine, broken, "failing")
    with engine.app_context():
        webhook = Webhook.by_public_id(broken)
        assert webhook
        webhook_changes.delete(webhook, None)
    assert not step(engine)
    assert counts(engine) == (0, 0)


def mailing(make_engine: MakeApp, server: MailServer, **changes: Any) -> Flask:
    login, password = ("hooks", "hunter2") if server.certificate else ("", "")
    settings = Settings("127.0.0.1", server.port, server.tls, login, password)
    given = {"SMTP_URL": settings, "NOTICE_EMAIL": ("ops@acme.example", "olena@acme.example")}
    app = make_engine(**changes)
    app.config.update(given)
    return app


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that this process trusts."""
    authority, file, trusted = trustme.CA(), tmp_path / "mail.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return file


def test_a_mail_server_signed_by_a_company_authority(make_app: MakeApp, tmp_path: Path) -> None:
    authority, file, trusted = trustme.CA(), tmp_path / "mail.pem", tmp_path / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    authority.cert_pem.write_to_path(str(trusted))
    with MailServer(file, tls=True) as server:
        app = mailing(make_app, server, CA_FILE=str(trusted))
        add_alert(app, subscribe(app, "http://crm.example/hook"), "failing")
        assert [step(app), step(app)] == [True, False]
        assert len(server.messages) == 1


@ON_SQLITE
@pytest.mark.parametrize("tls", [False, True], ids=["starttls", "smtps"])
def test_an_email_in_english_over_tls(make_engine: MakeApp, certificate: Path, tls: bool) -> None:
    with MailServer(certificate, tls=tls) as server:
        app = mailing(make_engine, server, PUBLIC_URL="https://hooks.example")
        broken = subscribe(app, "http://crm.example/hook?token=hunter2", name="CRM\u2028desk")
        send(app, 3)
        add_alert(app, broken, "failing")
        assert [step(app), step(app)] == [True, False]
        (mail,) = server.messages
    assert (mail.tls, mail.login) == (True, "hooks:hunter2")
    assert mail.recipients == ["ops@acme.example", "olena@acme.example"]
    assert mail.sender == "ops@acme.example"
    assert mail.message["Subject"] == "Webhook failing: CRM desk"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    text = mail.message.get_content()
    assert "The receiver is not available. It answered 503" in text
    assert "It has failed since 1 Mar 2026, 09:30:00 UTC." in text
    assert "3 deliveries wait." in text
    assert f"https://hooks.example/webhooks/{broken}" in text
    assert "hunter2" not in text
    assert counts(app) == (0, 4)


@ON_SQLITE
def test_an_email_explains_the_error_of_the_attempt(
    make_engine: MakeApp, receiver: Receiver
) -> None:
    receiver.answer(Answer(hang=True))
    with MailServer() as server:
        app = mailing(make_engine, server, RETRY_SCHEDULE=RETRY_AT_ONCE, DELIVERY_TIMEOUT=0.2)
        subscribe(app, receiver.url)
        send(app)
        with working(app):
            ended(app)
        assert [step(app), step(app)] == [True, False]
        (mail,) = server.messages
    assert "within 0.2 s." in mail.message.get_content()
    assert f"127.0.0.1:{receiver.port}" in mail.message.get_content()


@ON_SQLITE
def test_one_email_in_ukrainian_about_several_webhooks(make_engine: MakeApp) -> None:
    with MailServer() as server:
        app = mailing(make_engine, server, LANGUAGE="uk", NOTICE_FROM="hooks@acme.example")
        gone = subscribe(app, "http://127.0.0.1/1", name="Складський облік")
        well = subscribe(app, "http://127.0.0.1/2", name="Billing")
        send(app)
        with app.app_context(), transaction():
            event = db.session.scalars(select(Event)).one()
            facts = {"event_id": event.id, "webhook_id": row_of(well), "type": event.type}
            waiting = facts | {"status": "pending", "due_at": now()}
            db.session.execute(insert(Delivery), [waiting] * backlog.MAX_WAITING)
        add_alert(app, gone, "disabled", reason="gone", status_code=410)
        add_alert(app, well, "recovered", error=None, status_code=None)
        while step(app):
            assert counts(app)[0]
        (mail,) = server.messages
    assert (mail.sender, mail.login) == ("hooks@acme.example", None)
    assert mail.message["Subject"] == "2 вебхуки змінили стан"
    text = mail.message.get_content()
    assert "Вебхук вимкнено: Складський облік" in text
    assert "Його вимкнено, бо приймач відповів 410." in text
    assert "Вебхук знову працює: Billing" in text
    assert "Очікує 1\xa0000+ доставок." in text
    assert "До того не працював з 1 бер. 2026, 09:30:00 UTC." in text


@ON_SQLITE
def test_a_refused_email_is_retried_with_backoff_for_a_day_at_most(
    make_engine: MakeApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(days=1) == alerts.MAIL_GIVE_UP_AFTER
    at_most = timedelta(hours=6)  # a day goes on like it, hour by hour
    monkeypatch.setattr(alerts, "MAIL_GIVE_UP_AFTER", at_most)
    clock = [now()]
    with MailServer(refusal="451 4.7.1 later") as server:
        app = mailing(make_engine, server)
        broken = subscribe(app, "http://127.0.0.1/2")
        watching = subscribe(app, "http://127.0.0.1/1", events=OWN)
        add_alert(app, broken, "failing")
        assert step(app, lambda: clock[0])
        with app.app_context():  # the event does not wait for the e-mail
            assert [row.webhook.public_id for row in Delivery.query] == [watching]  # type: ignore[attr-defined]
        waits: list[timedelta] = []
        while counts(app)[0] and len(waits) < 100:
            assert not step(app, lambda: clock[0])
            with app.app_context():
                due_at = db.session.scalar(select(Alert.due_at))
            if due_at:
                waits.append(due_at - clock[0])
                with app.app_context():
                    assert not Alerts(app).is_due(due_at - timedelta(seconds=1), clock[0])
                clock[0] = due_at
    minutes = [wait / timedelta(minutes=1) for wait in waits]
    assert minutes[:5] == [1, 5, 15, 60, 60]
    assert sum(waits, timedelta(0)) > at_most
    assert len(waits) < 12
    assert not server.messages
    assert "refuses ops@acme.example" in caplog.text
    assert "1 alerts could not be e-mailed within a day" in caplog.text


@ON_SQLITE
def test_no_password_is_sent_to_a_server_without_a_trusted_certificate(
    make_engine: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "stranger.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    plain = Settings("127.0.0.1", free_port(), False, "hooks", "hunter2")
    with MailServer(file) as strange, MailServer() as open_one:
        app = mailing(make_engine, strange)
        broken = subscribe(app, "http://127.0.0.1/2")
        add_alert(app, broken, "failing")
        step(app)
        for hours, (settings, words) in enumerate(
            (
                (app.config["SMTP_URL"], "certificate verify failed"),
                (Settings("127.0.0.1", open_one.port, False, "hooks", "hunter2"), "no STARTTLS"),
                (plain, "refused"),
            )
        ):
            app.config["SMTP_URL"] = settings
            moment = now() + timedelta(hours=2 * hours)
            step(app, lambda moment=moment: moment)  # type: ignore[misc]
            assert words in caplog.text
        assert strange.messages == open_one.messages == []
    assert "hunter2" not in caplog.text
    assert counts(app)[0] == 1


@pytest.mark.parametrize(("plain", "sent"), [(False, 0), (True, 1)])
def test_nothing_goes_to_another_machine_without_tls(
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    plain: bool,
    sent: int,
) -> None:
    monkeypatch.setattr("webhooks_ui.monitoring.mail.is_loopback", lambda _host: False)
    with MailServer() as server:
        app = mailing(make_app, server)
        app.config["SMTP_URL"] = Settings("127.0.0.1", server.port, False, plain=plain)
        add_alert(app, subscribe(app, "http://127.0.0.1/2"), "failing")
        step(app)
        step(app)
        assert len(server.messages) == sent
    assert ("?tls=no" in caplog.text) is not plain


def test_a_sample_is_a_whole_event() -> None:
    for name, kind in OPERATIONAL_TYPES.items():
        assert kind.sample["event"] == name
        assert json.loads(kind.sample_text) == kind.sample
