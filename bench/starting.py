"""How soon `serve` answers, and what memory it takes with its worker before the first event."""

import statistics
from pathlib import Path

from bench.beside import Console
from bench.stage import HERE, app_on

ROUNDS = 5


def starting(database: str) -> dict[str, float]:
    """Medians of starts with everything in place; memory is that of both processes (PSS)."""
    rounds = [_measured(database) for _ in range(ROUNDS)]
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def _measured(database: str) -> dict[str, float]:
    with app_on(database) as app:
        console = Console(HERE, Path(app.config["DATA_DIR"]), database, None)
        try:
            return console.idle()
        finally:
            console.close()
