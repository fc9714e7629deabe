"""What was done to several webhooks at once can be undone.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER


def upgrade() -> None:
    op.create_table(
        "bulk_changes",
        sa.Column("id", RowId, nullable=False),
        sa.Column("public_id", sa.String(40), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("created_by_id", RowId),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_bulk_changes_created_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_changes")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bulk_changes_public_id")),
    )


def downgrade() -> None:
    op.drop_table("bulk_changes")
