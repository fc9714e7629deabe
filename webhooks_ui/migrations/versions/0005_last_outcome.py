"""The list of webhooks is answered without their deliveries: how the last attempt ended; a week's
counts by day.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER
DAY = 24 * 3_600_000  # ms
COUNTS = ("delivered", "given_up", "attempts", "failed_attempts", *(f"took_{n}" for n in range(12)))


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("last_succeeded", sa.Boolean()))
    op.execute(
        "UPDATE webhooks SET last_succeeded = (SELECT CASE WHEN d.status = 'succeeded' THEN TRUE"
        " WHEN d.status = 'failed' OR d.attempts_made > 0 THEN FALSE END"
        " FROM deliveries d WHERE d.id = webhooks.last_delivery_id)"
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
    op.create_index(
        "ix_webhooks_state",
        "webhooks",
        ["enabled", "failing_since", "last_succeeded"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.add_column(
        "webhooks", sa.Column("sort_key", sa.String(100), nullable=False, server_default="")
    )
    op.execute("UPDATE webhooks SET sort_key = substr(search_text, 1, 100)")
    op.create_index("ix_webhooks_name", "webhooks", ["sort_key", "id", "deleted_at"])
    op.drop_index(op.f("ix_webhooks_deleted_at"), "webhooks")
    op.drop_index("ix_webhooks_failing_since", "webhooks")


def downgrade() -> None:
    condition = sa.text("failing_since IS NOT NULL")
    op.create_index(
        "ix_webhooks_failing_since",
        "webhooks",
        ["failing_since"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    op.create_index(op.f("ix_webhooks_deleted_at"), "webhooks", ["deleted_at"])
    op.drop_index("ix_webhooks_name", "webhooks")
    op.drop_index("ix_webhooks_state", "webhooks")
    op.drop_table("webhook_pasts")
    op.drop_table("webhook_days")
    op.drop_column("webhooks", "sort_key")
    op.drop_column("webhooks", "last_succeeded")
