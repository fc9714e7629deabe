"""What of an authorization is no secret is kept by its names, whatever the kind.

Revision: 0008, after 0007.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FORMER = {
    "basic": ("login", sa.Column("auth_login", sa.String(4096))),
    "custom": ("header_name", sa.Column("auth_header_name", sa.String(256))),
}
PUBLIC = sa.Column("auth_public", sa.JSON(), nullable=False, server_default="{}")
WEBHOOKS = sa.table(
    "webhooks",
    *(sa.column("id"), sa.column("auth_type"), sa.column("auth_public", sa.JSON())),
    *(sa.column(column.name) for _, column in FORMER.values()),
)


def upgrade() -> None:
    op.add_column("webhooks", PUBLIC._copy())
    for kind, (name, column) in FORMER.items():
        for row, text in _of(kind, WEBHOOKS.c[column.name]):
            _set(row, auth_public={name: text or ""})
        op.drop_column("webhooks", column.name)


def downgrade() -> None:
    for kind, (name, column) in FORMER.items():
        op.add_column("webhooks", column._copy())
        for row, public in _of(kind, WEBHOOKS.c.auth_public):
            _set(row, **{column.name: public[name]})
    op.drop_column("webhooks", "auth_public")


def _of(kind: str, column: sa.ColumnClause[Any]) -> Sequence[Any]:
    asked = sa.select(WEBHOOKS.c.id, column).where(WEBHOOKS.c.auth_type == kind)
    return op.get_bind().execute(asked).all()


def _set(row: int, **values: object) -> None:
    op.get_bind().execute(sa.update(WEBHOOKS).where(WEBHOOKS.c.id == row).values(**values))
