"""Health is read from the hourly counts alone: the daily counts and the added-up ones go.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER
DAY = 24 * 3_600_000  # ms
COUNTS = ("delivered", "given_up", "attempts", "failed_attempts", *(f"took_{n}" for n in range(12)))


def upgrade() -> None:
    # A day is the sum of its hours; what it counts beyond those that are left goes to its first.
    columns = ", ".join(COUNTS)
    sums = ", ".join(f"sum({name}) AS {name}" for name in COUNTS)
    rest = ", ".join(f"d.{name} - COALESCE(h.{name}, 0)" for name in COUNTS)
    added = ", ".join(f"{name} = webhook_hours.{name} + excluded.{name}" for name in COUNTS)
    op.execute(
        f"INSERT INTO webhook_hours (webhook_id, hour, {columns})"  # noqa: S608  # words of ours alone
        f" SELECT d.webhook_id, d.day, {rest} FROM webhook_days d LEFT JOIN"
        f" (SELECT webhook_id, hour / {DAY} * {DAY} AS day, {sums} FROM webhook_hours"
        " GROUP BY 1, 2) h ON h.webhook_id = d.webhook_id AND h.day = d.day"
        " WHERE d.attempts > COALESCE(h.attempts, 0)"
        f" ON CONFLICT (webhook_id, hour) DO UPDATE SET {added}"
    )
    op.drop_table("webhook_days")
    op.drop_table("webhook_pasts")
    op.execute("DELETE FROM chores WHERE name = 'past'")


def downgrade() -> None:
    op.create_table(
        "webhook_pasts",
        sa.Column("webhook_id", RowId, autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_pasts_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_pasts")),
    )
    op.create_table(
        "webhook_days",
        sa.Column("webhook_id", RowId, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_days_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "day", name=op.f("pk_webhook_days")),
    )
    sums = ", ".join(f"sum({name})" for name in COUNTS)
    op.execute(
        f"INSERT INTO webhook_days (webhook_id, day, {', '.join(COUNTS)})"  # noqa: S608  # words of ours alone
        f" SELECT webhook_id, hour / {DAY} * {DAY}, {sums} FROM webhook_hours GROUP BY 1, 2"
    )
