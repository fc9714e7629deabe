"""A token has a public id, an end, who made it and where it was used last.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op
from ulid import ULID

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TOKENS = sa.table("tokens", sa.column("id"), sa.column("public_id"))
NEW = (
    sa.Column("expires_at", sa.BigInteger()),
    sa.Column("created_by", sa.String(100)),
    sa.Column("last_used_address", sa.String(45)),
)


def upgrade() -> None:
    for column in (sa.Column("public_id", sa.String(40)), *NEW):
        op.add_column("tokens", column._copy())
    connection = op.get_bind()
    for row in connection.scalars(sa.select(TOKENS.c.id)).all():
        named = (
            sa.update(TOKENS)
            .where(TOKENS.c.id == row)
            .values(public_id=f"tok_{str(ULID()).lower()}")
        )
        connection.execute(named)
    with op.batch_alter_table("tokens") as table:
        table.alter_column("public_id", existing_type=sa.String(40), nullable=False)
        table.create_unique_constraint("uq_tokens_public_id", ["public_id"])


def downgrade() -> None:
    with op.batch_alter_table("tokens") as table:
        table.drop_constraint("uq_tokens_public_id", type_="unique")
        for name in ("public_id", *(column.name for column in NEW)):
            table.drop_column(name)
