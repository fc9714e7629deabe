"""Filters of webhooks, and what they were.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("webhooks", "webhook_states")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("filters", sa.JSON()))
    there = sa.text("filters IS NOT NULL")
    op.create_index(
        "ix_webhooks_filtered", "webhooks", ["id"], sqlite_where=there, postgresql_where=there
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_filtered", "webhooks")
    for table in TABLES:
        op.drop_column(table, "filters")
