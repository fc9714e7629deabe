"""Webhooks and channels are sorted by the alphabet and searched by a folded text; deleted webhooks
have an index.

Revision: 0014, after 0013.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from webhooks_ui.models.webhook_display import titled
from webhooks_ui.text.folding import folded
from webhooks_ui.text.sort_key import sort_key

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BATCH = 1_000  # rows
BEGINNING = "substr(search_text, 1, 100)"
KEY = sa.Column("sort_key", sa.LargeBinary(240), nullable=False, server_default="")
BY_NAME = ("ix_webhooks_name", "webhooks", ["sort_key", "id", "deleted_at"])
WEBHOOKS = sa.table(
    "webhooks",
    *(sa.column(name) for name in ("id", "name", "url", "search_text")),
    sa.column("sort_key", sa.LargeBinary()),
)
CHANNELS = sa.table(
    "channels", sa.column("id"), sa.column("name"), sa.column("sort_key", sa.LargeBinary())
)


def upgrade() -> None:
    op.drop_index("ix_webhooks_name", "webhooks")
    op.drop_column("webhooks", "sort_key")
    for table in ("webhooks", "channels"):
        op.add_column(table, KEY._copy())
    for rows in _batches(WEBHOOKS):
        texts = [
            {
                "row": row.id,
                "sort_key": sort_key(titled(row.name, row.url)),
                "search_text": folded(row.search_text),
            }
            for row in rows
        ]
        _update(WEBHOOKS, ("sort_key", "search_text"), texts)
    for rows in _batches(CHANNELS):
        keys = [{"row": row.id, "sort_key": sort_key(row.name)} for row in rows]
        _update(CHANNELS, ("sort_key",), keys)
    op.create_index(*BY_NAME)
    op.create_index("ix_channels_name", "channels", ["sort_key", "id"])
    is_deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "ix_webhooks_deleted",
        "webhooks",
        ["deleted_at"],
        sqlite_where=is_deleted,
        postgresql_where=is_deleted,
    )


def downgrade() -> None:
    op.drop_index("ix_webhooks_deleted", "webhooks")
    op.drop_index("ix_channels_name", "channels")
    op.drop_column("channels", "sort_key")
    op.drop_index("ix_webhooks_name", "webhooks")
    op.drop_column("webhooks", "sort_key")
    is_stored = op.get_bind().dialect.name == "postgresql" or None
    derived = sa.Computed(BEGINNING, persisted=is_stored)
    op.add_column("webhooks", sa.Column("sort_key", sa.String(100), derived, nullable=False))
    op.create_index(*BY_NAME)


def _batches(table: sa.TableClause) -> Iterator[Any]:
    columns = [column for column in table.c if column.name != "sort_key"]
    after = 0
    while True:
        asked = sa.select(*columns).where(table.c.id > after).order_by(table.c.id).limit(BATCH)
        rows = op.get_bind().execute(asked).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _update(table: sa.TableClause, names: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    changed = sa.update(table).where(table.c.id == sa.bindparam("row"))
    op.get_bind().execute(changed.values({name: sa.bindparam(name) for name in names}), rows)
