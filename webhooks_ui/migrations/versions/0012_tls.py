"""How TLS is made to a webhook's receiver.

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("tls_verify", sa.Boolean(), nullable=False, server_default=sa.true()),
    sa.Column("tls_ca", sa.Text()),
    sa.Column("tls_certificate", sa.Text()),
    sa.Column("tls_key", sa.Text()),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("webhooks", column._copy())


def downgrade() -> None:
    for column in reversed(COLUMNS):
        op.drop_column("webhooks", column.name)
