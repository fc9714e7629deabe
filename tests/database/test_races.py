"""Several at once, on both databases: SQLite lets them in one by one, PostgreSQL does not."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.accounts.conftest import at_once, enter, setup_link
from tests.support.apps import ON_POSTGRESQL, MakeApp
from tests.support.waiting import wait_until
from webhooks_ui.accounts import passwords
from webhooks_ui.authorization.none import NoAuthorization
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Channel, User, UserSession, Webhook, channel_changes, webhook_changes
from webhooks_ui.models.channel_changes import ChannelSettings, KeyTaken
from webhooks_ui.models.webhook_settings import WebhookSettings

pytestmark = pytest.mark.usefixtures("patient")

T = TypeVar("T")


@pytest.fixture
def app(make_engine: MakeApp) -> Flask:
    """The app on each of the databases."""
    return make_engine()


def test_of_many_set_ups_one_makes_the_administrator(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "by_login", meeting(User.by_login))

    answers = at_once(6, lambda n: enter(app.test_client(), f"user{n}", url=setup_link(app)))

    assert Counter(answer.location for answer in answers) == {"/login": 5, "/webhooks": 1}
    with app.app_context():
        (administrator,) = db.session.scalars(select(User))
        assert len(UserSession.of(administrator)) == 1


def meeting(question: Callable[[str], T]) -> Callable[[str], T]:
    """Waits a moment for a second one to ask too: nobody comes where one goes at a time."""
    barrier = Barrier(2)

    def ask(name: str) -> T:
        answer = question(name)
        with suppress(BrokenBarrierError):
            barrier.wait(timeout=0.5)
        return answer

    return ask


def test_of_many_guesses_five_are_looked_at(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "verify", lambda _kept, _password: False)
    with app.app_context(), transaction():
        db.session.add(User(login="olena", password_hash="-"))

    answers = at_once(16, lambda _: enter(app.test_client()).status_code)

    assert Counter(answers) == {422: 5, 429: 11}


def test_of_many_channels_one_gets_the_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(number: int) -> bool:
        with app.app_context():
            settings = ChannelSettings("4", f"Channel {number}", "other")
            return isinstance(channel_changes.save(None, settings), KeyTaken)

    monkeypatch.setattr(Channel, "by_key", meeting(Channel.by_key))
    assert Counter(at_once(6, act)) == {True: 5, False: 1}
    with app.app_context():
        assert len(Channel.choices()) == 1


@ON_POSTGRESQL
def test_a_webhook_that_takes_a_channel_while_it_is_deleted_keeps_it(app: Flask) -> None:
    """Only PostgreSQL can have both under way: there the foreign key decides."""
    with app.app_context():
        channel = channel_changes.save(None, ChannelSettings("4", "Mail", "email"))
        assert isinstance(channel, Channel)
        webhook = _webhook(app)
        with ThreadPoolExecutor(1) as pool, transaction():
            webhook.channel_id = channel.id
            db.session.flush()
            deleting = pool.submit(_delete_channel, app)
            # What others wait for is seen once a transaction: so none.
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
                wait_until(lambda: watcher.scalar(_WAITING), what="the deletion's wait")
            db.session.commit()
        assert deleting.result() == ["CRM"]
        assert len(Channel.choices()) == 1


_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


def _webhook(app: Flask) -> Webhook:
    settings = WebhookSettings(
        name="CRM",
        url="https://crm.example/hook",
        authorization=NoAuthorization(),
        events=("message_created",),
        channel=None,
        payload_format="envelope",
        enabled=True,
    )
    return webhook_changes.create("wh_1", new_secret(), settings, app.extensions["vault"], None)


def _delete_channel(app: Flask) -> list[str]:
    with app.app_context():
        channel = db.session.scalars(select(Channel)).one()
        return [webhook.title for webhook in channel_changes.delete(channel)]
