"""A webhook as a whole can be held and paced; a delivery that repeats another bears its message id.

Revision: 0013, after 0012.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

IS_HELD = sa.text("held_until IS NOT NULL")
WEBHOOKS: tuple[sa.Column[Any], ...] = (
    sa.Column("held_until", sa.BigInteger()),
    sa.Column("hold_reason", sa.String(10)),
    sa.Column("send_interval_ms", sa.Double()),
    sa.Column("counted_since", sa.BigInteger()),
    sa.Column("counted", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("refused", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("unanswered", sa.Integer(), nullable=False, server_default="0"),
)
DELIVERIES: tuple[sa.Column[Any], ...] = (
    sa.Column("message_id", sa.String(40)),
    sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"),
)


def upgrade() -> None:
    for column in WEBHOOKS:
        op.add_column("webhooks", column._copy())
    for column in DELIVERIES:
        op.add_column("deliveries", column._copy())
    op.create_index(
        "ix_webhooks_held_until",
        "webhooks",
        ["held_until"],
        sqlite_where=IS_HELD,
        postgresql_where=IS_HELD,
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_held_until", "webhooks")
    for column in DELIVERIES:
        op.drop_column("deliveries", column.name)
    for column in WEBHOOKS:
        op.drop_column("webhooks", column.name)
