"""The queue: when a delivery is due, who has leased it, and what a sender calls its event.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("event_id", RowId, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_idempotency_keys_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_event_id"), "idempotency_keys", ["event_id"])
    op.add_column("events", sa.Column("sender_id", sa.String(length=255)))
    op.add_column("events", _count("deliveries_count"))
    op.add_column("deliveries", sa.Column("due_at", sa.BigInteger()))
    op.add_column("deliveries", _count("claims"))
    op.add_column("deliveries", _count("attempts_made"))
    op.add_column("webhooks", sa.Column("failing_since", sa.BigInteger()))
    op.create_index(
        op.f("ix_webhook_events_type_webhook_id"), "webhook_events", ["type", "webhook_id"]
    )
    _partial_index("due", "status = 'pending'", ["webhook_id", "due_at", "id"])
    _partial_index("leased", "status = 'delivering'", ["lease_until"])


def downgrade() -> None:
    for name in ("due", "leased"):
        op.drop_index(f"ix_deliveries_{name}", "deliveries")
    op.drop_index(op.f("ix_webhook_events_type_webhook_id"), "webhook_events")
    op.drop_column("webhooks", "failing_since")
    for name in ("due_at", "claims", "attempts_made"):
        op.drop_column("deliveries", name)
    for name in ("sender_id", "deliveries_count"):
        op.drop_column("events", name)
    op.drop_table("idempotency_keys")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _partial_index(name: str, where: str, columns: list[str]) -> None:
    condition = sa.text(where)
    op.create_index(
        f"ix_deliveries_{name}",
        "deliveries",
        columns,
        sqlite_where=condition,
        postgresql_where=condition,
    )
