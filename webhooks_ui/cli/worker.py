"""The commands of the engine: `worker` and `event send`."""

import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable
from threading import Thread
from typing import IO

import click

from webhooks_ui.cli.records import database


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Deliveries under way at once; else the setting WORKER_CONCURRENCY.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Show /metrics of this data folder on a port of the worker's own.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    help="The address to show them on; METRICS_TOKEN or METRICS_NETWORKS say to whom.",
)
@click.option("--with-parent", is_flag=True, hidden=True)
def worker(
    concurrency: int | None, metrics_port: int | None, metrics_host: str, with_parent: bool
) -> None:
    """Deliver what is due, until asked to end."""
    from webhooks_ui.server import process

    process.exit_on_stop()  # while it sets itself up there is nothing to finish

    from webhooks_ui.delivery.worker.loop import Worker
    from webhooks_ui.jobs.scheduler import Scheduler, all_jobs, heartbeat_job
    from webhooks_ui.monitoring import logs, metrics
    from webhooks_ui.server import cpu_affinity, process
    from webhooks_ui.server import metrics_port as metrics_server

    with database(pages=metrics_port is not None) as app:
        logs.set_up(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"])
        metrics.share(app.config["DATA_DIR"])
        if metrics_port:
            metrics_server.start(app, _listen(metrics_host, metrics_port))
        running, scheduler = Worker(app, concurrency=concurrency), Scheduler(app, all_jobs(app))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: running.stop())
        if with_parent:
            Thread(target=_follow, args=(running.stop,), daemon=True).start()
        heartbeat = Scheduler(app, [heartbeat_job()])
        scheduler.start()
        heartbeat.start()
        process.freeze_garbage_collector()
        if app.config["WORKER_CORE"] == "auto":
            cpu_affinity.keep()
        try:
            running.run()
        finally:
            heartbeat.stop()
            scheduler.stop()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise click.ClickException(
            f"Cannot listen on {host} port {port}: {error.strerror}."
        ) from None


def _follow(stop: Callable[[], None]) -> None:
    """Stops when the process that started us is gone: then our standard input ends."""
    sys.stdin.buffer.read()
    stop()


@click.command()
@click.option(
    "--vacuum",
    is_flag=True,
    help="Then rewrite the SQLite file, for which nobody else can write for a while.",
)
def prune(vacuum: bool) -> None:
    """Delete what is older than RETENTION, as a worker does once a day, and give space back."""
    from webhooks_ui.database import vacuum as space
    from webhooks_ui.database.types import now
    from webhooks_ui.jobs import retention

    with database() as app:
        before, deleted = space.size(), Counter[str]()
        for turn in retention.with_pauses(retention.prune(app.config["RETENTION"], now())):
            deleted += turn
        if vacuum:
            space.rewrite()
        for table in ("events", "deliveries"):
            click.echo(f"{table}: {deleted[table]:,} deleted")
        for table, count in sorted(deleted.items()):
            if table not in ("events", "deliveries", "pages"):
                click.echo(f"{table.replace('_', ' ')}: {count:,} deleted")
        if before:
            click.echo(f"database file: {space.size():,} bytes, was {before:,}")
        if not space.gives_back():
            click.echo("This file keeps the space it has. To shrink it: webhooks-ui prune --vacuum")


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
    from webhooks_ui.catalogue.event_types import ALL_TYPES, sample_json
    from webhooks_ui.intake import accept
    from webhooks_ui.intake.event import ChannelName, IncomingEvent, Refusal
    from webhooks_ui.monitoring import metrics
    from webhooks_ui.text import strict_json
    from webhooks_ui.validation import event as event_rules

    with database() as app:
        metrics.share(app.config["DATA_DIR"])
        sample = sample_json(type) if type in ALL_TYPES else "{}"
        raw = data.read().strip() if data else sample.encode()
        try:
            strict_json.members(raw)
        except strict_json.JsonError as error:
            raise click.ClickException(str(error)) from None
        if problem := event_rules.size_problem(raw, app.config["MAX_EVENT_SIZE"]):
            raise click.ClickException(str(problem))
        named = ChannelName(channel) if channel else None
        answer = accept.accept([IncomingEvent(type, raw, named)])
        if isinstance(answer, Refusal):
            raise click.ClickException(str(answer.detail))
        (accepted,) = answer
        click.echo(f"{accepted.event_id} {accepted.deliveries}")
