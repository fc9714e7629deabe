"""The commands of the engine: `worker` and `event send`."""

import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import IO

import click

from webhooks_ui.cli_records import database


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Deliveries under way at once; else the setting WORKER_CONCURRENCY.",
)
@click.option("--with-parent", is_flag=True, hidden=True)
def worker(concurrency: int | None, with_parent: bool) -> None:
    """Deliver what is due, until asked to end."""
    from webhooks_ui import logs
    from webhooks_ui.chores import Chores, everything
    from webhooks_ui.delivery.worker import Worker

    with database() as app:
        logs.set_up(app.config["LOG_FORMAT"])
        running, chores = Worker(app, concurrency=concurrency), Chores(app, everything(app))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        if with_parent:
            Thread(target=_follow, args=(running.stop,), daemon=True).start()
        chores.start()
        try:
            running.run()
        finally:
            chores.stop()


def _follow(stop: Callable[[], None]) -> None:
    """Stops when the process that started us is gone: then our standard input ends."""
    sys.stdin.buffer.read()
    stop()


@click.group()
def event() -> None:
    """The events that webhooks are for."""


@event.command("send")
@click.argument("type")
@click.option("--channel", help="The key of the channel it happened in.")
@click.option(
    "--data",
    type=click.File("rb"),
    help="A file with the event's data, a JSON object; - reads standard input. Else a sample.",
)
def send(type: str, channel: str | None, data: IO[bytes] | None) -> None:
    """Take an event in, as the API would."""
    from webhooks_ui import intake, raw_json
    from webhooks_ui.catalogue import EVENT_TYPES, sample_json

    with database():
        sample = sample_json(type) if type in EVENT_TYPES else "{}"
        raw = data.read().strip() if data else sample.encode()
        try:
            raw_json.members(raw)
        except raw_json.JsonError as error:
            raise click.ClickException(str(error)) from None
        named = intake.ChannelName(channel) if channel else None
        answer = intake.accept([intake.IncomingEvent(type, raw, named)])
        if isinstance(answer, intake.Refusal):
            raise click.ClickException(str(answer.detail))
        (accepted,) = answer
        click.echo(f"{accepted.event_id} {accepted.deliveries}")
