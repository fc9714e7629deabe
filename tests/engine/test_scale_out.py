"""Two web processes and three workers on one PostgreSQL: more machines are more of these."""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.engine.conftest import StartWorker, deliveries, ended, subscribe
from tests.support.api import Platform
from tests.support.apps import ON_POSTGRESQL, MakeApp
from tests.support.receiver import Answer, Receiver
from tests.support.server import Server
from tests.support.waiting import wait_until
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Event, Token

EVENTS = 120

pytestmark = ON_POSTGRESQL


@pytest.fixture
def webs(make_engine: MakeApp, tmp_path: Path) -> Iterator[list[Server]]:
    """Two web processes, each as on a machine of its own, under the same keys."""
    config = make_engine().config
    with ExitStack() as stack:
        servers = []
        for number in range(2):
            server = Server(
                tmp_path / f"web-{number}",
                DATABASE_URL=config["DATABASE_URL"],
                SECRET_KEY=config["SECRET_KEY"],
                ENCRYPTION_KEYS_FILE=str(config["DATA_DIR"] / "encryption_keys"),
                ALLOWED_NETWORKS="127.0.0.1",
                DELIVERY_TIMEOUT="300",  # so that no lease ends before the test does
            )
            server.start("--no-worker")
            stack.callback(server.stop)
            servers.append(server)
        yield servers


def test_what_any_web_process_accepts_arrives_by_any_worker(
    make_engine: MakeApp, webs: list[Server], receiver: Receiver, start_worker: StartWorker
) -> None:
    app = make_engine()
    subscribe(app, receiver.url)
    receiver.answer(Answer(delay=0.01))
    with app.app_context(), transaction():
        token = Token.issue("Platform", "events")

    workers = [start_worker(webs[number % 2].environ) for number in range(3)]
    try:
        with Platform([web.url for web in webs], token) as platform:
            wait_until(platform.has(EVENTS // 3), what="a third of the events")
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()
            # The others soon see that it died, and go on with what it had under way.
            wait_until(platform.has(EVENTS), what="the events")
        ended(app, len(platform.accepted))
    finally:
        for worker in workers:
            worker.terminate()
        statuses = [worker.wait(60) for worker in workers]

    assert platform.unexpected == []
    assert statuses == [-signal.SIGKILL, 0, 0]
    sent = Counter(request.header("webhook-id") for request in receiver.requests())
    found = deliveries(app)
    assert {d.status for d in found} == {"succeeded"}
    assert set(sent) == {d.public_id for d in found}
    with app.app_context():
        stored = set(db.session.scalars(select(Event.public_id)))
    assert set(platform.accepted.values()) <= stored
    taken_over = {d.public_id for d in found if d.claims > 1}
    assert {public_id for public_id, times in sent.items() if times > 1} <= taken_over
    assert set(sent.values()) <= {1, 2}
