"""What PostgreSQL spends on deleting old rows, or a partition: `python -m bench retention`."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from bench.processes import cpu_of_tree
from bench.stage import app_on, webhooks
from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import milliseconds, now
from webhooks_ui.jobs import retention as job
from webhooks_ui.models import pruning

COUNT = 1_000_000  # attempts, of as many deliveries; three of them for an event
MONTH = timedelta(days=30)
_SEED = (
    """INSERT INTO events (public_id, type, data, test, deliveries_count, occurred_at, created_at)
 SELECT 'evt_' || e, 'message_created', convert_to(repeat('x', 1400), 'UTF8'), FALSE, 3, :at, :at
 FROM generate_series(1, :count / 3) AS e""",
    """INSERT INTO deliveries (public_id, event_id, webhook_id, type, test, status, claims,
 attempts_made, created_at, finished_at) SELECT 'dlv_' || d, (SELECT min(id) FROM events)
 + (d - 1) / 3, (SELECT min(id) FROM webhooks) + (d - 1) % 3, 'message_created', FALSE, 'succeeded',
 1, 1, :at, :at FROM generate_series(1, :count / 3 * 3) AS d""",
    """INSERT INTO attempts (delivery_id, number, started_at, duration_ms, timeout, detail, timings,
 request_url, request_headers, payload_format, reason, response_headers, response_body,
 response_size, truncated, notes) SELECT id, 1, :at, 40, 15, '', to_json(ARRAY[1, 2, 9, 40, 52]),
 'https://hooks.example/in', (SELECT json_agg('header: value value ' || n)
 FROM generate_series(1, 12) AS n), 'envelope', 'OK', (SELECT json_agg('header: value ' || n)
 FROM generate_series(1, 5) AS n), convert_to(repeat('accepted ', 20), 'UTF8'), 200, FALSE, '[]'
 FROM deliveries""",
    """INSERT INTO answer_words SELECT id, array_to_tsvector(ARRAY['accepted', 'n' || id]),
 delivery_id FROM attempts""",
)


def retention(database: str, cluster: int) -> dict[str, float]:
    """Seconds of the server's processor, and of a VACUUM afterwards; MB of WAL; by each way."""
    with app_on(database) as app, app.app_context():
        webhooks(app, *(f"http://127.0.0.1:9/{n}" for n in range(3)))
        figures = _measured(cluster, "rows")
        return figures | _measured(cluster, "partitions")


def _measured(cluster: int, way: str) -> dict[str, float]:
    moment = now()
    given = {"at": milliseconds(moment - MONTH - timedelta(days=1)), "count": COUNT}
    for statement in _SEED:
        with transaction():
            own = {name: value for name, value in given.items() if f":{name}" in statement}
            db.session.execute(text(statement), own)
    free = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with free as connection:

        def spent() -> tuple[float, float]:
            written = connection.scalar(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
            return cpu_of_tree(cluster), float(written or 0) / 2**20

        connection.execute(text("VACUUM ANALYZE"))
        begun = spent()
        by_rows = pruning.events(moment - MONTH, moment)
        sum(by_rows if way == "rows" else job.prune(MONTH, moment), Counter())
        deleted = spent()
        connection.execute(text("VACUUM"))
        ended = spent()
    return {
        f"{way}: s": deleted[0] - begun[0],
        f"{way}: s of VACUUM": ended[0] - deleted[0],
        f"{way}: MB of WAL": ended[1] - begun[1],
    }
