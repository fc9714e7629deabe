"""A day in the life of a console, an hour a minute: `python -m bench soak sqlite|postgresql`.

Events come all the time, each for three webhooks; what is older than a minute is deleted twice a
minute. Prints what console and worker take of memory (PSS) and the database of the disk, as time
goes on: both should stay where they are after the first minutes.
"""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from bench.processes import memory_of_tree
from bench.stage import HERE, app_on, environ_of, posted, receiving, webhooks
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.models import Token

MINUTES, WEBHOOKS, RATE = 24, 3, 20  # an event has so many deliveries; events a second
_PROGRAM = """
from datetime import timedelta
from webhooks_ui.jobs import retention
retention.EVERY, prune = timedelta(seconds=30), retention.prune
retention.prune = lambda _, moment, **given: prune(
    timedelta(minutes=1), moment, audit_retention=given["audit_retention"])
from webhooks_ui.__main__ import main
main(prog_name="webhooks-ui", args=["serve", "--port", "0"])
"""


def soak(database: str) -> dict[str, float]:
    """Megabytes of memory and of the database, at every eighth of the time."""
    with receiving() as receiver, app_on(database) as app:
        webhooks(app, *(f"{receiver.url}/{n}" for n in range(WEBHOOKS)))
        with app.app_context(), transaction():
            token = Token.issue("bench", "events")
        program = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            cwd=HERE,
            env=os.environ | environ_of(app),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert program.stdout
            order = {"port": int(program.stdout.readline().rpartition(":")[2]), "token": token}
            order |= {"connections": 4, "first": 0, "rate": RATE}
            figures: dict[str, float] = {}
            for part in range(1, 9):
                posted(order | {"count": RATE * 60 * MINUTES // 8})
                at = f"hour {3 * part}"
                figures[f"{at}: memory MB"] = memory_of_tree(program.pid) / 1e6
                with app.app_context():
                    figures[f"{at}: database MB"] = _size(Path(app.config["DATA_DIR"])) / 1e6
                    figures[f"{at}: events kept"] = db.session.scalar(
                        text("SELECT count(*) FROM events")
                    )
        finally:
            program.terminate()
            program.communicate()
    return figures


def _size(folder: Path) -> int:
    if db.engine.dialect.name == "sqlite":
        return (folder / "webhooks.db").stat().st_size
    size: int = db.session.scalar(text("SELECT pg_database_size(current_database())"))
    return size
