"""Method and template of a webhook, and what an attempt sent with them.

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _method() -> sa.Column[str]:
    return sa.Column("method", sa.String(5), nullable=False, server_default="POST")


def upgrade() -> None:
    op.add_column("webhooks", _method())
    op.add_column("webhooks", sa.Column("template_body", sa.Text(), nullable=True))
    op.add_column("webhooks", sa.Column("template_type", sa.String(200), nullable=True))
    op.add_column("attempts", _method())
    op.add_column("attempts", sa.Column("request_body", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for table, columns in (
        ("attempts", ("request_body", "method")),
        ("webhooks", ("template_type", "template_body", "method")),
    ):
        for column in columns:
            op.drop_column(table, column)
