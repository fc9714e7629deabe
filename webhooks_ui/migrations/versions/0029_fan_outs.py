"""Fan-outs under way, which are made in parts.

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "fan_outs",
        sa.Column("event_id", row_id, autoincrement=False),
        sa.Column("made_to", sa.BigInteger, nullable=False),
        sa.Column("left_out", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_fan_outs"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_fan_outs_event_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("fan_outs")
