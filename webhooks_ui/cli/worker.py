"""The command `worker`."""

import gc
import socket
import sys

import click

from webhooks_ui.cli.app_context import app_context, parsed
from webhooks_ui.settings.addresses import host


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Deliveries sent at once. Default: the setting WORKER_CONCURRENCY.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    help="Serve /metrics of this data folder on a port of the worker's own.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    callback=parsed(host),
    help="The address to serve them on; METRICS_TOKEN or METRICS_NETWORKS restrict access.",
)
@click.option(
    "--with-parent",
    type=(int, int),
    hidden=True,
    help="The holder's number of this worker and of the one before it, which has ended.",
)
def worker(
    concurrency: int | None,
    metrics_port: int | None,
    metrics_host: str,
    with_parent: tuple[int, int] | None,
) -> None:
    """Deliver what is due until SIGTERM or SIGINT."""
    gc.disable()  # as `serve` does, until everything is loaded

    from webhooks_ui.server import process

    process.exit_on_stop()  # nothing is in flight until the loop runs
    process.share_arenas()

    from webhooks_ui.audit import calls
    from webhooks_ui.monitoring import logs, metrics
    from webhooks_ui.server import metrics_port as metrics_server
    from webhooks_ui.server import worker_process

    with app_context(pages=metrics_port is not None, migrates=True, by_hand=False) as app:
        logs.set_up(app.config["LOG_FORMAT"], app.config["LOG_LEVEL"])
        if not with_parent:  # else the console started it
            calls.command_run("worker", runs_on=True)
        metrics.share(app.config["DATA_DIR"])
        if metrics_port:
            app.config["HOST"] = metrics_host  # which Host headers it answers to
            metrics_server.start(app, _listen(metrics_host, metrics_port))
        parent = socket.socket(fileno=sys.stdin.fileno()) if with_parent else None
        worker_process.run(app, concurrency, parent, with_parent or (None, None))


def _listen(host: str, port: int) -> socket.socket:
    from webhooks_ui.server import listening

    try:
        return listening.listen(host, port)
    except listening.AddressError as error:
        raise click.ClickException(str(error)) from None
