"""PostgreSQL with 1, 2 and 4 web processes and as many workers: `python -m bench scale_out`.

On a machine of two cores more of them are not faster. What is measured is the processor time of
each part for an event and a delivery, from which the number of cores for a rate can be computed.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread

from flask import Flask

from bench.beside import WEBHOOKS
from bench.processes import cpu_of, cpu_of_tree
from bench.stage import app_on, posted, receiving, until_finished, webhooks
from webhooks_ui.database.engine import transaction
from webhooks_ui.models import Token

COUNT = 1_000  # events, with three deliveries each
WARM_UP = 100


def scale_out(database: str, cluster: int) -> dict[str, float]:
    """CPU in ms: of the web processes and the database for an event, of the workers a delivery."""
    figures: dict[str, float] = {}
    for number in (1, 2, 4):
        found = _measured(database, cluster, number)
        figures |= {f"{number} and {number}: {name}": one for name, one in found.items()}
    return figures


def _measured(database: str, cluster: int, number: int) -> dict[str, float]:
    with receiving() as receiver, app_on(database) as app, ExitStack() as stack:
        webhooks(app, *(f"{receiver.url}/numbered/{n}" for n in range(WEBHOOKS)))
        with app.app_context(), transaction():
            token = Token.issue("bench", "events")
        webs = [stack.enter_context(running(app, "web")) for _ in range(number)]
        works = [stack.enter_context(running(app, "worker")) for _ in range(number)]
        ports = [port_of(web) for web in webs]
        _post(ports, token, WARM_UP)
        until_finished(app, WARM_UP * WEBHOOKS)
        parts = {"web ms/event": webs, "worker ms/delivery": works}

        def spent() -> dict[str, float]:
            own = {name: sum(cpu_of(one.pid) for one in ran) for name, ran in parts.items()}
            return own | {"database ms/event": cpu_of_tree(cluster)}

        before = spent()
        _post(ports, token, COUNT)
        until_finished(app, (WARM_UP + COUNT) * WEBHOOKS)
        after = spent()
        each = {"worker ms/delivery": COUNT * WEBHOOKS}
        return {name: 1000 * (after[name] - before[name]) / each.get(name, COUNT) for name in after}


@contextmanager
def running(app: Flask, kind: str) -> Iterator[subprocess.Popen[str]]:
    """Runs a ``web`` process or a ``worker`` on the app's database during the block."""
    command = {"web": ["serve", "--no-worker", "--port", "0"], "worker": ["worker"]}[kind]
    environ = {
        "WEBHOOKS_UI_DATA_DIR": str(app.config["DATA_DIR"]),
        "WEBHOOKS_UI_DATABASE_URL": app.config["DATABASE_URL"],
        "WEBHOOKS_UI_ALLOWED_NETWORKS": "127.0.0.1",
        "WEBHOOKS_UI_LOG_LEVEL": "warning",  # which are shown: there should be none
        "PYTHONUNBUFFERED": "1",
    }
    arguments = [sys.executable, "-m", "webhooks_ui", *command]
    program = subprocess.Popen(arguments, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        yield program
    finally:
        program.terminate()
        program.communicate()


def port_of(web: subprocess.Popen[str]) -> int:
    """Where a web process that was started just now answers."""
    assert web.stdout
    return int(web.stdout.readline().rpartition(":")[2])


def _post(ports: list[int], token: str, count: int) -> None:
    """Posts the events, an equal share to each port, at the same time."""
    order = {"token": token, "connections": 8 // len(ports), "first": 0, "rate": 0}
    shares = [order | {"port": port, "count": count // len(ports)} for port in ports]
    threads = [Thread(target=posted, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
