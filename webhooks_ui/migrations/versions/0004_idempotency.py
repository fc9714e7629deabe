"""Idempotency keys hold the answer that was given, and outlive their event.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER
TABLE = "idempotency_keys"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("event_public_id", sa.String(length=40)))
    op.add_column(TABLE, sa.Column("deliveries", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE idempotency_keys SET (event_public_id, deliveries) = ("
        "SELECT public_id, deliveries_count FROM events WHERE events.id = event_id)"
    )
    op.drop_index(op.f("ix_idempotency_keys_event_id"), TABLE)
    with op.batch_alter_table(TABLE) as table:
        table.alter_column("event_public_id", nullable=False, existing_type=sa.String(length=40))
        table.drop_constraint(op.f("fk_idempotency_keys_event_id"), type_="foreignkey")
        table.drop_column("event_id")
    op.create_index(op.f("ix_idempotency_keys_created_at"), TABLE, ["created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_idempotency_keys_created_at"), TABLE)
    op.add_column(TABLE, sa.Column("event_id", RowId))
    op.execute(
        "UPDATE idempotency_keys SET event_id = ("
        "SELECT id FROM events WHERE public_id = event_public_id)"
    )
    op.execute("DELETE FROM idempotency_keys WHERE event_id IS NULL")
    with op.batch_alter_table(TABLE) as table:
        table.alter_column("event_id", nullable=False, existing_type=RowId)
        table.create_foreign_key(
            op.f("fk_idempotency_keys_event_id"),
            "events",
            ["event_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.drop_column("event_public_id")
        table.drop_column("deliveries")
    op.create_index(op.f("ix_idempotency_keys_event_id"), TABLE, ["event_id"])
