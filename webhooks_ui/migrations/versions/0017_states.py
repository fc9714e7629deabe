"""A webhook can be paused; first attempts are counted, from which it is seen to be degraded.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTS = ("first_attempts", "first_delivered")
HOURS = ("webhook_hours", "total_hours")
IS_THERE = sa.text("deleted_at IS NULL")
IS_PAUSED = sa.text("paused_until IS NOT NULL")
HAS_FAILED = sa.text("failed_attempts > 0")
STATE = ("enabled", "failing_since", "last_succeeded")


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("paused_until", sa.BigInteger()))
    op.add_column(
        "webhooks", sa.Column("degraded", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("webhook_states", sa.Column("paused_until", sa.BigInteger()))
    # Hours from before have none: how many of their attempts were first ones is not known.
    for table in HOURS:
        for name in COUNTS:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_webhooks_state", "webhooks")
    _index_states(*STATE, "degraded", "paused_until", "sort_key", "id")
    op.create_index(
        "ix_webhooks_paused_until",
        "webhooks",
        ["paused_until"],
        sqlite_where=IS_PAUSED,
        postgresql_where=IS_PAUSED,
    )
    op.create_index(
        "ix_webhook_hours_failed",
        "webhook_hours",
        ["hour", "webhook_id"],
        sqlite_where=HAS_FAILED,
        postgresql_where=HAS_FAILED,
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_hours_failed", "webhook_hours")
    op.drop_index("ix_webhooks_paused_until", "webhooks")
    op.drop_index("ix_webhooks_state", "webhooks")
    _index_states(*STATE)
    for table in HOURS:
        for name in COUNTS:
            op.drop_column(table, name)
    op.drop_column("webhook_states", "paused_until")
    for name in ("degraded", "paused_until"):
        op.drop_column("webhooks", name)


def _index_states(*columns: str) -> None:
    op.create_index(
        "ix_webhooks_state",
        "webhooks",
        list(columns),
        sqlite_where=IS_THERE,
        postgresql_where=IS_THERE,
    )
