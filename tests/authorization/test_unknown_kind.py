"""A stored kind that this version does not know is an error: nothing is sent without it."""

import pytest
from flask import Flask
from sqlalchemy import update

from tests.api.conftest import caller, issue
from tests.conftest import make_webhook, sign_in
from tests.engine.conftest import deliveries, receiver, send, subscribe, working
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until
from webhooks_ui.authorization.kinds import UnknownKindError, kind_of
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Webhook

__all__ = ["receiver"]  # a fixture


def forget_the_kind(app: Flask) -> None:
    """As if a later version had stored it."""
    with app.app_context(), transaction():
        db.session.execute(update(Webhook).values(auth_type="digest"))


def test_it_is_no_kind() -> None:
    with pytest.raises(UnknownKindError, match="'digest' is unknown"):
        kind_of("digest")


def test_nothing_is_sent_without_it(
    app: Flask, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(app, receiver.url)
    send(app)
    forget_the_kind(app)
    with working(app):
        wait_until(lambda: deliveries(app)[0].attempts_made == 1, what="the attempt")

    (delivery,) = deliveries(app)
    assert (delivery.status, delivery.error) == ("pending", "protocol_error")
    assert "the kind of authorization 'digest' is unknown" in caplog.text
    assert receiver.requests() == []


def test_pages_and_api_say_that_something_is_wrong(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    admin, call = sign_in(app, "olena"), caller(app, issue(app, "admin"))
    public_id = make_webhook(admin)
    forget_the_kind(app)

    assert "digest" in admin.get("/webhooks").text  # the list is there for the other webhooks
    for path in (f"/webhooks/{public_id}", f"/webhooks/{public_id}/edit"):
        assert admin.get(path).status_code == 500
    sent = admin.post(f"/webhooks/{public_id}/test", data={"event": "message_created"})
    assert sent.status_code == 500
    assert call("GET", f"/webhooks/{public_id}").status_code == 500
    assert deliveries(app) == []
