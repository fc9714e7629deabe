"""Sentences that report something, each in a case in which it must not stand."""

import errno
import html
import os
import re
import ssl
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.conftest import PASSWORD, make_webhook
from tests.engine.conftest import send, subscribe
from tools import translations
from webhooks_ui.accounts import setup_link
from webhooks_ui.accounts import sign_in as signing_in
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import EPOCH, now
from webhooks_ui.delivery.http.errors import connect_error, exchange_error
from webhooks_ui.delivery.queue import actions
from webhooks_ui.delivery.queue.webhook_state import ALERT_AFTER
from webhooks_ui.explanations.verdicts import headline, verdict
from webhooks_ui.intake.event import ChannelName
from webhooks_ui.models import Attempt, Delivery, Event, Recovery, Webhook, backlog, memory
from webhooks_ui.models.receiver import KEPT_FOR, MAX_BODY
from webhooks_ui.models.user import AGE_LIMIT, IDLE_LIMIT
from webhooks_ui.models.webhook_secrets import ROTATION_OVERLAP
from webhooks_ui.receiver.built_in import MAX_SLOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CATALOGUE = translations.ROOT / translations.TRANSLATIONS / "uk" / "LC_MESSAGES" / "messages.po"


def text_of(browser: FlaskClient, path: str) -> str:
    """What one reads on a page."""
    page = browser.get(path, follow_redirects=True).text.partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def add_delivery(app: Flask, webhook: str, *attempts: str | None, **columns: Any) -> str:
    """A delivery with an attempt for each of these errors, None being a success; its public id."""
    with app.app_context(), transaction():
        event = Event(type="message_created", data=b"{}", test=columns.get("test", False))
        owner = Webhook.by_public_id(webhook)
        assert owner
        made = {"status": "failed", "attempts_made": len(attempts)} | columns
        delivery = Delivery(event=event, webhook_id=owner.id, type=event.type, **made)
        delivery.attempts = [attempt(number, error) for number, error in enumerate(attempts, 1)]
        db.session.add(delivery)
        db.session.flush()
        owner.last_delivery_id = delivery.id
        owner.last_succeeded = bool(attempts) and attempts[-1] is None
        return delivery.public_id


def attempt(number: int, error: str | None) -> Attempt:
    return Attempt(
        number=number,
        started_at=now(),
        duration_ms=5,
        timeout=15.0,
        status_code=None if error else 200,
        error=error,
        timings_ms=dict.fromkeys(("dns", "connect", "tls", "first_byte", "total")),
        request_url="https://crm.example/hook",
        request_headers=[["Content-Type", "application/json"]],
        payload_format="envelope",
        response_headers=[],
        response_bytes=b"",
        response_size=0,
        truncated=False,
        notes=[],
    )


# ---- Deliveries ---------------------------------------------------------------------------------


def test_what_a_dead_worker_was_sending_is_sent_again_by_itself(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    lost = {"status": "delivering", "lease_until": now() - HOUR}
    sent, tested = add_delivery(app, own, **lost), add_delivery(app, own, **lost, test=True)
    text = text_of(admin, f"/deliveries/{sent}")
    assert "It will be retried automatically." in text
    assert "send another test" not in text
    assert "data-polls" in admin.get(f"/deliveries/{sent}").text
    text = text_of(admin, f"/deliveries/{tested}")
    assert "send another test" in text
    assert "by itself" not in text


@pytest.mark.parametrize(
    ("errors", "is_said"),
    [
        (("connection_refused",), False),
        (("dns_failure", "connection_refused"), False),
        (("timeout", "connection_refused"), True),
        (("connection_reset", "dns_failure", "blocked_address"), True),
        (("connection_refused", "timeout"), False),  # which says so of itself
    ],
)
def test_nothing_was_sent_is_not_said_of_earlier_attempts(
    app: Flask, admin: FlaskClient, errors: tuple[str, ...], is_said: bool
) -> None:
    shown = text_of(admin, f"/deliveries/{add_delivery(app, make_webhook(admin), *errors)}")
    assert ("An earlier attempt may have arrived." in shown) == is_said


@pytest.mark.parametrize(
    ("error", "label"),
    [
        ("dns_failure", "Request, which was not sent"),
        ("blocked_address", "Request, which was not sent"),
        ("timeout", "Request as sent"),
        (None, "Request as sent"),
    ],
)
def test_a_request_is_called_sent_only_when_it_was(
    app: Flask, admin: FlaskClient, error: str | None, label: str
) -> None:
    status = "failed" if error else "succeeded"
    own = add_delivery(app, make_webhook(admin), error, status=status)
    shown = text_of(admin, f"/deliveries/{own}")
    assert label in shown
    assert "Secrets are left out" not in shown  # there are none


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls_failure"),
        ("SSLV3_ALERT_BAD_RECORD_MAC", "tls_failure"),  # the receiver could not read it
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "connection_reset"),
        ("WRONG_VERSION_NUMBER", "connection_reset"),
        ("RECORD_LAYER_FAILURE", "connection_reset"),
    ],
)
def test_tls_that_breaks_after_the_request_is_no_failed_handshake(reason: str, code: str) -> None:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    assert exchange_error(error).code == code


def test_a_route_that_is_lost_after_the_request_does_not_say_that_nothing_was_sent() -> None:
    assert exchange_error(OSError(113, "No route to host")).code == "connection_reset"


def test_a_refusal_may_be_a_firewalls(app: Flask) -> None:
    with app.test_request_context():
        meaning = verdict("failed", "connection_refused", None, host="crm.example").meaning
    assert "is there" not in meaning
    assert "firewall" in meaning


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_limit_of_this_server_is_not_blamed_on_the_network(app: Flask, number: int) -> None:
    failed = connect_error(OSError(number, os.strerror(number)))
    with app.test_request_context():
        found = verdict("failed", failed.code, None, detail=failed.detail)
        short = headline("failed", failed.code, None, None, failed.detail)
    assert found.title == short.title == "This server could not open a connection."
    assert "no way through the network" not in found.meaning


def test_429_does_not_promise_to_wait_as_long_as_is_asked(app: Flask) -> None:
    with app.test_request_context():
        assert "as long as" not in verdict("failed", "http_status", 429).next_step


def test_an_empty_log_does_not_say_that_there_never_was_anything(admin: FlaskClient) -> None:
    for path in ("/deliveries", "/events"):
        assert " yet" not in text_of(admin, path)


def test_a_failed_delivery_does_not_mean_that_the_webhook_got_it(
    app: Flask, admin: FlaskClient
) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    (event,) = send(app)
    text = text_of(admin, f"/events/{event.event_id}")
    assert "No webhook was left out" in text
    assert "Every webhook got it" not in text


def test_what_is_sent_again_by_hand_bears_the_id_that_the_catalogue_says(
    app: Flask, admin: FlaskClient
) -> None:
    subscribe(app, "http://127.0.0.1:9/")
    send(app)
    with app.app_context():
        first = db.session.scalars(select(Delivery)).one()
        again = actions.resend(first)
        assert isinstance(again, Delivery)
        assert again.message_id == first.message_id
    assert "resends included" in text_of(admin, "/catalogue")


# ---- Webhooks -----------------------------------------------------------------------------------


def test_a_test_that_succeeds_does_not_contradict_the_failures(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    add_delivery(app, own, None, status="succeeded", test=True)
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(failing_since=now() - HOUR))
    text = text_of(admin, f"/webhooks/{own}")
    assert "Every attempt to deliver an event to it has failed since" in text
    assert "The last test was accepted" in text
    assert "without one success" not in text
    assert "It answered" not in text.partition("Send a test event")[0]


def test_a_webhook_created_disabled_was_not_disabled_by_hand(admin: FlaskClient) -> None:
    own = make_webhook(admin, enabled="")
    for path in ("/webhooks", f"/webhooks/{own}"):
        text = text_of(admin, path)
        assert "Disabled" in text
        assert "by hand" not in text.lower()


def test_a_delayed_delivery_is_not_said_to_have_arrived(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    add_delivery(app, own, "timeout", None, status="succeeded")
    add_delivery(app, own, "http_error", status="cancelled")
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(degraded=True, last_succeeded=True))
    text = text_of(admin, f"/webhooks/{own}")
    assert "Too many first attempts fail." in text
    assert "The others came late or not at all" in text


def test_a_test_is_not_an_event(app: Flask, admin: FlaskClient) -> None:
    add_delivery(app, make_webhook(admin), None, status="succeeded", test=True)
    assert 'aria-label="Last 24 hours: no events"' in admin.get("/webhooks").text


def test_a_deleted_channel_may_be_made_again_by_an_event(app: Flask, admin: FlaskClient) -> None:
    admin.post("/channels/new", data={"key": "sales", "name": "Sales", "kind": "api"})
    edit = re.search(r'href="(/channels/ch_[^"]+)"', admin.get("/channels").text)
    assert edit
    assert "Events that only give the key sales will then be refused" in text_of(admin, edit[1])
    admin.post(edit[1].replace("/edit", "/delete"))
    send(app, channel=ChannelName("sales", "Sales", "api"))
    assert "sales" in text_of(admin, "/channels")


# ---- Recoveries ---------------------------------------------------------------------------------


def test_a_recovery_that_had_ended_is_not_said_to_be_stopped(
    app: Flask, admin: FlaskClient
) -> None:
    own = make_webhook(admin)
    add_delivery(app, own, "timeout")
    begun = admin.post(f"/webhooks/{own}/recover", data={"span": "24h"}).location
    with app.app_context(), transaction():
        db.session.execute(update(Recovery).values(status="finished", finished_at=now()))
    admin.post(f"{begun}/stop")
    text = text_of(admin, begun)
    assert "The recovery had already finished." in text
    assert "is stopped" not in text


def test_a_preview_names_the_end_of_its_span(app: Flask, admin: FlaskClient) -> None:
    own = make_webhook(admin)
    add_delivery(app, own, "timeout")
    text = text_of(admin, f"/webhooks/{own}/recover?since=2026-01-01T00:00&until=2026-01-02T00:00")
    assert "until 2 Jan 2026, 00:00:00 UTC" in text


# ---- Errors, set-up -----------------------------------------------------------------------------


def test_an_error_does_not_say_that_nothing_was_changed(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come after the change was committed."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    own = make_webhook(admin)

    def fail(*_arguments: object, **_values: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("webhooks_ui.views.webhooks.safe_next", fail)
    answer = admin.post(f"/webhooks/{own}/disable")
    assert answer.status_code == 500
    assert "Disabled" in text_of(admin, f"/webhooks/{own}")  # it was
    assert "look first whether it was done" in answer.text
    assert "othing was changed" not in answer.text
    said = re.search(r'data-say-failed="([^"]+)"', admin.get("/webhooks").text)
    assert said
    assert "nothing" not in said[1]


def test_a_set_up_without_sign_in_claims_none(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in, "sign_in", lambda _login, _password: None)  # throttled
    token = setup_link.setup_token(app.config["SECRET_KEY"])
    data = {"token": token, "login": "olena", "password": PASSWORD}
    client.post("/setup", data=data)
    text = text_of(client, "/login")
    assert "you are signed in" not in text
    assert "Sign in with the login that you chose." in text


# ---- Figures that are told and kept -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told", "kept"),
    [
        ("A session ends after 12 hours of inactivity", 12 * HOUR, IDLE_LIMIT),
        ("inactivity, or after 30 days.", 30 * DAY, AGE_LIMIT),
        ("A receiver expires after 7 days", 7 * DAY, KEPT_FOR),
        ("Only the first 64 KB of the body are kept.", 64 * 1024, MAX_BODY),
        ("For 24 hours every request carries both signatures", DAY, ROTATION_OVERLAP),
        ("Two slow answers were in progress already", 2, MAX_SLOW),
        ("A webhook has failed for 15 minutes", 15 * MINUTE, ALERT_AFTER),
        ("Requests with this token are refused within a second", True, memory.KEPT <= 1),
        ("Requests to its URL are refused within a second", True, memory.KEPT <= 1),
        ("Requests to the current URL are refused within a second", True, memory.KEPT <= 1),
    ],
)
def test_a_figure_is_that_of_the_code(text: str, told: object, kept: object) -> None:
    assert told == kept
    assert any(text in str(message.id) for message in translations.read(CATALOGUE))


def test_new_and_held_deliveries_are_not_overdue(app: Flask, admin: FlaskClient) -> None:
    new, held, late = (subscribe(app, f"http://127.0.0.1:9/{number}") for number in range(3))

    def overdue() -> int:
        with app.app_context():
            return backlog.overdue(now() - 10 * MINUTE)

    add_delivery(app, new, status="pending", due_at=EPOCH)
    assert overdue() == 0
    for webhook in (held, late):
        add_delivery(app, webhook, status="pending", due_at=EPOCH, created_at=now() - HOUR)
    assert overdue() == 2
    with app.app_context(), transaction():
        is_held = update(Webhook).where(Webhook.public_id == held)
        db.session.execute(is_held.values(held_until=now() + HOUR))
    assert overdue() == 1
