"""Search in what was sent and answered.

An SQLite without FTS5 gets no tables, and has no search.

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = (("event_words", "event_id", "events"), ("answer_words", "attempt_id", "attempts"))
GONE = """CREATE TRIGGER {table}_words_gone AFTER DELETE ON {table}
 BEGIN DELETE FROM {name} WHERE rowid = old.id; END"""
FTS5 = "SELECT 1 FROM pragma_compile_options WHERE compile_options = 'ENABLE_FTS5'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        if op.get_bind().scalar(sa.text(FTS5)):
            _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def downgrade() -> None:
    for name, _, of_table in TABLES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER IF EXISTS {of_table}_words_gone")
        op.execute(f"DROP TABLE IF EXISTS {name}")


def _upgrade_sqlite() -> None:
    for name, _, of_table in TABLES:
        # The words are made by the program: ASCII knows only its own separators.
        op.execute(
            f"CREATE VIRTUAL TABLE {name} USING fts5(words, detail=none, columnsize=0,"
            " tokenize=\"ascii tokenchars '_'\")"
        )
        op.execute(GONE.format(table=of_table, name=name))


def _upgrade_postgresql() -> None:
    for name, key, of_table in TABLES:
        op.execute(
            f"CREATE TABLE {name} ({key} BIGINT PRIMARY KEY REFERENCES {of_table} (id)"
            " ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")
