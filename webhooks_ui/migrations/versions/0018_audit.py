"""The audit log.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.String(40)),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(45)),
        sa.Column("session_id", ROW_ID),
        sa.Column("topic", sa.String(10), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("object_kind", sa.String(30)),
        sa.Column("object_id", sa.String(200)),
        sa.Column("object_name", sa.String(200), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON()),
        sa.Column("details", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_created_at", "audit_entries", ["created_at"])
    for column in ("actor_name", "topic", "object_id"):
        op.create_index(f"ix_audit_entries_{column}_id", "audit_entries", [column, "id"])


def downgrade() -> None:
    op.drop_table("audit_entries")
