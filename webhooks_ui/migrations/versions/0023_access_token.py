"""The access token of OAuth 2.0, encrypted.

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("access_token", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "access_token")
