"""Attempts, and the words of answers, in partitions on PostgreSQL: retention drops these.

The tables as they were become the partition of the deliveries up to now; no row is copied. No
foreign key stays between them: each partition made or dropped would lock the deliveries for it, and
the key of an attempt is its delivery and number there, not its row id.

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

WIDTH = 2**32
WITHIN = f"CHECK (delivery_id >= 0 AND delivery_id < {WIDTH})"
PROVEN = """SET LOCAL lock_timeout = '500ms';
 ALTER TABLE attempts DROP CONSTRAINT IF EXISTS within;
 ALTER TABLE attempts ADD CONSTRAINT within CHECK (delivery_id >= 0 AND delivery_id < {width})
 NOT VALID"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    _prove()
    # While these rows are looked through, only search and its index wait.
    op.execute("ALTER TABLE answer_words ADD COLUMN delivery_id BIGINT NOT NULL DEFAULT 0")
    op.execute(f"ALTER TABLE answer_words ADD CONSTRAINT within {WITHIN}")
    op.execute("ALTER TABLE answer_words DROP CONSTRAINT answer_words_attempt_id_fkey")
    op.execute("ALTER TABLE attempts DROP CONSTRAINT fk_attempts_delivery_id")
    op.execute("ALTER INDEX pk_attempts RENAME TO attempts_0_pkey")
    op.execute("ALTER INDEX ix_attempts_delivery_id_number RENAME TO attempts_0_number")
    op.execute("ALTER INDEX answer_words_pkey RENAME TO answer_words_0_pkey")
    op.execute("ALTER INDEX ix_answer_words_words RENAME TO answer_words_0_words")
    _divide("attempts", "UNIQUE INDEX ix_attempts_delivery_id_number", "(delivery_id, number)")
    op.execute("ALTER SEQUENCE attempts_id_seq OWNED BY attempts.id")
    _divide("answer_words", "INDEX ix_answer_words_words", "USING gin (words)")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TABLE answer_words")  # the worker makes the index anew
    op.execute(
        "CREATE TABLE whole (LIKE attempts INCLUDING DEFAULTS);"
        " INSERT INTO whole SELECT * FROM attempts"
        " WHERE delivery_id IN (SELECT id FROM deliveries);"
        " ALTER SEQUENCE attempts_id_seq OWNED BY whole.id;"
        " DROP TABLE attempts; ALTER TABLE whole RENAME TO attempts"
    )
    op.create_primary_key("pk_attempts", "attempts", ["id"])
    op.create_index(
        "ix_attempts_delivery_id_number", "attempts", ["delivery_id", "number"], unique=True
    )
    op.create_foreign_key(
        *("fk_attempts_delivery_id", "attempts", "deliveries", ["delivery_id"], ["id"]),
        ondelete="CASCADE",
    )
    op.execute(
        "CREATE TABLE answer_words (attempt_id BIGINT PRIMARY KEY REFERENCES attempts (id)"
        " ON DELETE CASCADE, words TSVECTOR NOT NULL);"
        " CREATE INDEX ix_answer_words_words ON answer_words USING gin (words)"
    )


def _prove() -> None:
    """Has the attempts looked through while others write: else they would wait for it below.

    In a transaction of its own; where that cannot be had, as on tables that this migration itself
    has made or changed just now, they are looked through below.
    """
    try:
        with op.get_bind().engine.connect() as apart:
            if apart.scalar(sa.text("SELECT to_regclass('attempts')")) is None:
                return
            apart.execute(sa.text(PROVEN.format(width=WIDTH)))
            apart.commit()
            apart.execute(sa.text("ALTER TABLE attempts VALIDATE CONSTRAINT within"))
            apart.commit()
    except sa.exc.OperationalError:
        return


def _divide(table: str, index: str, on: str) -> None:
    """Makes the table the first of the partitions of a table of its name."""
    first = f"{table}_0"
    bounds = (
        (f"{table}_old", "MINVALUE", "0"),
        (first, "0", str(WIDTH)),
        (f"{table}_1", str(WIDTH), str(2 * WIDTH)),
    )
    op.execute(f"ALTER TABLE {table} RENAME TO {first}")
    op.execute(
        f"CREATE TABLE {table} (LIKE {first} INCLUDING DEFAULTS) PARTITION BY RANGE (delivery_id)"
    )
    op.execute(f"CREATE {index} ON {table} {on}")
    for name, begin, end in bounds:
        if name != first:
            op.execute(f"CREATE TABLE {name} (LIKE {first} INCLUDING ALL EXCLUDING CONSTRAINTS)")
        op.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})"
        )
    op.execute(f"ALTER TABLE {first} DROP CONSTRAINT IF EXISTS within")
