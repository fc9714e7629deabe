"""The list of webhooks is answered without their deliveries: how the last attempt ended.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("last_succeeded", sa.Boolean()))
    op.execute(
        "UPDATE webhooks SET last_succeeded = (SELECT CASE WHEN d.status = 'succeeded' THEN TRUE"
        " WHEN d.status = 'failed' OR d.attempts_made > 0 THEN FALSE END"
        " FROM deliveries d WHERE d.id = webhooks.last_delivery_id)"
    )
    op.create_index(
        "ix_webhooks_state",
        "webhooks",
        ["deleted_at", "enabled", "failing_since", "last_succeeded"],
    )
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
    op.drop_index("ix_webhooks_state", "webhooks")
    op.drop_column("webhooks", "last_succeeded")
