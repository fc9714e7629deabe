"""Where a user who has forgotten the password gets a link for a new one.

Revision: 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("email", sa.String(254), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "email")
