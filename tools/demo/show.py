"""The demo's console: set up again in its folder, then live until it is stopped."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

from flask import Flask

from tools.demo import cast, history
from tools.demo.receivers import Stage
from webhooks_ui import create_app
from webhooks_ui.accounts import users
from webhooks_ui.crypto.signing import new_secret
from webhooks_ui.database.migrate import upgrade
from webhooks_ui.database.types import now
from webhooks_ui.delivery.worker.loop import Worker
from webhooks_ui.intake import accept
from webhooks_ui.intake.event import ChannelName, IncomingEvent
from webhooks_ui.jobs.scheduler import Scheduler, all_jobs, heartbeat_job
from webhooks_ui.models import Channel, Webhook, channel_changes, webhook_changes
from webhooks_ui.models.channel_changes import ChannelSettings
from webhooks_ui.models.public_ids import WEBHOOK, new_id
from webhooks_ui.models.webhook_settings import WebhookSettings
from webhooks_ui.server import process

LOGIN, PASSWORD = "olena", "verba-17-lystok-kobzar"
MARK = ".demonstration"


def prepare(folder: Path) -> None:
    """Empties the folder; raises `FileExistsError` where something else is kept."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise FileExistsError(f"{folder} holds something else than a demonstration")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / MARK).touch()


@contextmanager
def console(folder: Path, stage: Stage, days: int, **settings: Any) -> Iterator[Flask]:
    """The app with `days` of history; nothing is delivered yet."""
    app = create_app(
        {
            "DATA_DIR": folder,
            "ALLOWED_NETWORKS": ("127.0.0.0/8",),
            "RESOLVER": cast.resolve,
            "DELIVERY_TIMEOUT": history.TIMEOUT,
            "RETRY_SCHEDULE": tuple(wait * history.SECONDS for wait in history.RETRIES),
            **settings,
        }
    )
    upgrade(app)
    try:
        with app.app_context():
            users.add_user(LOGIN, PASSWORD)
            for channel in cast.CHANNELS:
                channel_changes.save(None, ChannelSettings(*channel))
            webhooks = {player.name: _webhook(app, stage, player) for player in cast.PLAYERS}
            history.write(webhooks, now(), days)
        yield app
    finally:
        process.close(app)


@contextmanager
def live(app: Flask, every: float) -> Iterator[None]:
    """Runs a worker with its jobs, and takes in an event every `every` seconds on average."""
    worker, ending = Worker(app), Flag()
    scheduler = Scheduler(app, [heartbeat_job(), *all_jobs(app)])
    threads = [Thread(target=worker.run), Thread(target=_trickle, args=(app, every, ending))]
    scheduler.start()
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        worker.stop()
        scheduler.stop()
        for thread in threads:
            thread.join()


def _webhook(app: Flask, stage: Stage, player: cast.Player) -> Webhook:
    settings = WebhookSettings(
        name=player.name,
        url=stage.origin(player.host) + player.path,
        authorization=player.authorization,
        events=player.events,
        channel=Channel.by_key(player.channel) if player.channel else None,
        payload_format=player.payload_format,
        enabled=True,
    )
    vault = app.extensions["vault"]
    return webhook_changes.create(new_id(WEBHOOK), new_secret(), settings, vault, None)


def _trickle(app: Flask, every: float, ending: Flag) -> None:
    chance = random.Random(history.SEED)  # noqa: S311
    channels = [key for key, _name, _kind in cast.CHANNELS if key != cast.QUIET_CHANNEL]
    number = 0
    while not ending.wait(every * chance.uniform(0.3, 1.7) if number else 0):
        number += 1
        kind = chance.choice(cast.USUAL)
        event = IncomingEvent(
            type=kind,
            data=history.data_of(kind, 100_000 + number),
            channel=ChannelName(chance.choice(channels)),
            sender_id=f"demo-{number}",
        )
        with app.app_context():
            accept.accept([event])
