"""A webhook's own headers: names, and values encrypted.

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = sa.Column("header_names", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("webhooks", names)
    op.add_column("webhooks", sa.Column("header_values", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "header_values")
    op.drop_column("webhooks", "header_names")
