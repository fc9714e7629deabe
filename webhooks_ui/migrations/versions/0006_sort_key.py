"""What webhooks are sorted by is derived by the database, and stands in one place.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = ("ix_webhooks_name", "webhooks", ["sort_key", "id", "deleted_at"])
BEGINNING = "substr(search_text, 1, 100)"


def upgrade() -> None:
    op.drop_index("ix_webhooks_name", "webhooks")
    op.drop_column("webhooks", "sort_key")
    # SQLite cannot add a stored one, PostgreSQL before 18 has no other; both are in the index.
    is_stored = op.get_bind().dialect.name == "postgresql" or None
    derived = sa.Computed(BEGINNING, persisted=is_stored)
    op.add_column("webhooks", sa.Column("sort_key", sa.String(100), derived, nullable=False))
    op.create_index(*INDEX)


def downgrade() -> None:
    op.drop_index("ix_webhooks_name", "webhooks")
    op.drop_column("webhooks", "sort_key")
    written = sa.Column("sort_key", sa.String(100), nullable=False, server_default="")
    op.add_column("webhooks", written)
    op.execute(f"UPDATE webhooks SET sort_key = {BEGINNING}")  # noqa: S608  # words of ours alone
    op.create_index(*INDEX)
