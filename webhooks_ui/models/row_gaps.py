"""Missing row ids of PostgreSQL's tables: which of them no transaction in progress can still fill.

A writer locks the table before it draws its row ids, and until its transaction ends. So what is
missing below the newest row is missing for good once all have ended who held such a lock when that
row was seen. What only reads, such as a backup, is not waited for.
"""

from sqlalchemy import text

from webhooks_ui.database.engine import db

_NEWEST_AND_WRITERS = """
    SELECT (SELECT max(id) FROM {table}), ARRAY(
        SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND relation = '{table}'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


class RowGaps:
    """What one process knows of the gaps of one table. Not for SQLite, which has one writer."""

    def __init__(self, table: str) -> None:
        self._statement = text(_NEWEST_AND_WRITERS.format(table=table))
        self._settled = 0  # up to this row
        self._watched: tuple[int, frozenset[str]] | None = None

    def settled(self) -> int:
        """The row up to which every gap stays; rows read after this call are what it holds of."""
        if self._watched:
            newest, writers = self._watched
            if writers.isdisjoint(self._look()[1]):
                self._settled, self._watched = newest, None
        return self._settled

    def met(self) -> None:
        """There is a gap above that row: those who can fill it are watched from now on."""
        self._watched = self._watched or self._look()

    def _look(self) -> tuple[int, frozenset[str]]:
        newest, writers = db.session.execute(self._statement).one()
        return newest or 0, frozenset(writers)
