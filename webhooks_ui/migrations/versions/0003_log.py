"""The log: what narrows the list of deliveries, hourly counts, notices, recoveries, receivers.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up only an INTEGER


def upgrade() -> None:
    op.create_table(
        "chores",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
    op.create_table(
        "total_hours",
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("part", RowId, autoincrement=False, nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("hour", "part", name=op.f("pk_total_hours")),
    )
    op.create_table(
        "receivers",
        sa.Column("id", RowId, nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2100), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("created_by_id", RowId),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_receivers_created_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivers")),
        sa.UniqueConstraint("token", name=op.f("uq_receivers_token")),
        sa.UniqueConstraint("url", name=op.f("uq_receivers_url")),
    )
    op.create_table(
        "notices",
        sa.Column("id", RowId, nullable=False),
        sa.Column("webhook_id", RowId, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("emitted", sa.Boolean(), nullable=False),
        sa.Column("mail_tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_notices_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_webhook_id"), "notices", ["webhook_id"])
    op.create_table(
        "received_requests",
        sa.Column("id", RowId, nullable=False),
        sa.Column("receiver_id", RowId, nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("signature", sa.String(length=10), nullable=False),
        sa.Column("webhook_id", sa.String(length=100)),
        sa.Column("answered", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=45)),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["receivers.id"],
            name=op.f("fk_received_requests_receiver_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_requests")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_received_requests_receiver_id_id"), "received_requests", ["receiver_id", "id"]
    )
    op.create_table(
        "recoveries",
        sa.Column("id", RowId, nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("webhook_id", RowId),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", RowId, nullable=False),
        sa.Column("last_row", RowId, nullable=False),
        sa.Column("resent", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("created_by_id", RowId),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("reason", sa.String(length=10)),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["users.id"],
            name=op.f("fk_recoveries_created_by_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_recoveries_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recoveries_public_id")),
    )
    _partial_index("ix_recoveries_running", "recoveries", "status = 'running'", ["id"])
    op.create_index(op.f("ix_recoveries_webhook_id_id"), "recoveries", ["webhook_id", "id"])
    op.create_table(
        "webhook_hours",
        sa.Column("webhook_id", RowId, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        *_counts(),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_hours_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "hour", name=op.f("pk_webhook_hours")),
    )
    op.create_table(
        "webhook_states",
        sa.Column("id", RowId, nullable=False),
        sa.Column("webhook_id", RowId, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=20)),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("channel_id", RowId),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_states_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_states")),
    )
    op.create_index(
        op.f("ix_webhook_states_webhook_id_since_id"),
        "webhook_states",
        ["webhook_id", "since", "id"],
    )
    op.add_column(
        "deliveries", sa.Column("type", sa.String(length=60), nullable=False, server_default="")
    )
    op.drop_index(op.f("ix_deliveries_event_id"), "deliveries")
    op.create_index(
        op.f("ix_deliveries_event_id_webhook_id"), "deliveries", ["event_id", "webhook_id"]
    )
    op.add_column("deliveries", sa.Column("channel_id", RowId))
    op.add_column("deliveries", sa.Column("resend_of_id", RowId))
    op.add_column("deliveries", sa.Column("recovery_id", RowId))
    op.add_column("deliveries", sa.Column("error", sa.String(length=40)))
    op.execute(
        "UPDATE deliveries SET"
        " type = (SELECT e.type FROM events e WHERE e.id = deliveries.event_id),"
        " channel_id = (SELECT e.channel_id FROM events e WHERE e.id = deliveries.event_id),"
        " error = (SELECT a.error FROM attempts a WHERE a.delivery_id = deliveries.id"
        " ORDER BY a.number DESC LIMIT 1)"
    )
    _partial_index(
        "ix_deliveries_channel_id", "deliveries", "channel_id IS NOT NULL", ["channel_id", "id"]
    )
    _partial_index("ix_deliveries_error", "deliveries", "error IS NOT NULL", ["error", "id"])
    _partial_index(
        "ix_deliveries_lost", "deliveries", "status IN ('failed', 'cancelled')", ["status", "id"]
    )
    _partial_index(
        "ix_deliveries_open", "deliveries", "status IN ('pending', 'delivering')", ["id"]
    )
    _partial_index(
        "ix_deliveries_recovery_id",
        "deliveries",
        "recovery_id IS NOT NULL",
        ["recovery_id", "status", "id"],
    )
    _partial_index(
        "ix_deliveries_resend_of_id", "deliveries", "resend_of_id IS NOT NULL", ["resend_of_id"]
    )
    _partial_index("ix_deliveries_test", "deliveries", "test", ["id"])
    op.create_index(op.f("ix_deliveries_type_id"), "deliveries", ["type", "id"])
    _partial_index(
        "ix_deliveries_webhook_lost",
        "deliveries",
        "status IN ('failed', 'cancelled')",
        ["webhook_id", "status", "id"],
    )
    op.create_index(op.f("ix_events_channel_id_id"), "events", ["channel_id", "id"])
    op.create_index(op.f("ix_events_type_id"), "events", ["type", "id"])
    _partial_index("ix_events_unmatched", "events", "deliveries_count = 0 AND NOT test", ["id"])
    op.add_column("webhooks", sa.Column("failing_noticed_at", sa.BigInteger()))
    _partial_index(
        "ix_webhooks_failing_since", "webhooks", "failing_since IS NOT NULL", ["failing_since"]
    )
    _begin_history()


def downgrade() -> None:
    op.drop_index(op.f("ix_deliveries_event_id_webhook_id"), "deliveries")
    op.create_index(op.f("ix_deliveries_event_id"), "deliveries", ["event_id"])

    op.drop_index("ix_webhooks_failing_since", "webhooks")
    op.drop_column("webhooks", "failing_noticed_at")
    op.drop_index("ix_events_unmatched", "events")
    op.drop_index(op.f("ix_events_type_id"), table_name="events")
    op.drop_index(op.f("ix_events_channel_id_id"), table_name="events")
    op.drop_index("ix_deliveries_webhook_lost", "deliveries")
    op.drop_index(op.f("ix_deliveries_type_id"), table_name="deliveries")
    op.drop_index("ix_deliveries_test", "deliveries")
    op.drop_index("ix_deliveries_resend_of_id", "deliveries")
    op.drop_index("ix_deliveries_recovery_id", "deliveries")
    op.drop_index("ix_deliveries_open", "deliveries")
    op.drop_index("ix_deliveries_lost", "deliveries")
    op.drop_index("ix_deliveries_error", "deliveries")
    op.drop_index("ix_deliveries_channel_id", "deliveries")
    op.drop_column("deliveries", "error")
    op.drop_column("deliveries", "recovery_id")
    op.drop_column("deliveries", "resend_of_id")
    op.drop_column("deliveries", "channel_id")
    op.drop_column("deliveries", "type")
    op.drop_index(op.f("ix_webhook_states_webhook_id_since_id"), table_name="webhook_states")
    op.drop_table("webhook_states")
    op.drop_table("webhook_hours")
    op.drop_index(op.f("ix_recoveries_webhook_id_id"), table_name="recoveries")
    op.drop_index("ix_recoveries_running", "recoveries")
    op.drop_table("recoveries")
    op.drop_index(op.f("ix_received_requests_receiver_id_id"), table_name="received_requests")
    op.drop_table("received_requests")
    op.drop_index(op.f("ix_notices_webhook_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_table("receivers")
    op.drop_table("total_hours")
    op.drop_table("chores")


def _begin_history() -> None:
    """Webhooks that exist have been as they are since they were made, as far as one knows."""
    connection = op.get_bind()
    types: dict[int, list[str]] = {}
    subscribed = "SELECT webhook_id, type FROM webhook_events ORDER BY type"
    for webhook_id, kind in connection.execute(sa.text(subscribed)):
        types.setdefault(webhook_id, []).append(kind)
    columns = "id, created_at, enabled, disabled_reason, deleted_at, channel_id"
    rows = [
        {
            "webhook_id": webhook_id,
            "since": created_at,
            "enabled": bool(enabled),
            "disabled_reason": reason,
            "deleted": deleted_at is not None,
            "channel_id": channel_id,
            "event_types": types.get(webhook_id, []),
        }
        for webhook_id, created_at, enabled, reason, deleted_at, channel_id in connection.execute(
            sa.text(f"SELECT {columns} FROM webhooks")  # noqa: S608  # words of ours alone
        )
    ]
    table = sa.table(
        "webhook_states",
        *(sa.column(name) for name in ("webhook_id", "since", "disabled_reason", "channel_id")),
        sa.column("enabled", sa.Boolean()),
        sa.column("deleted", sa.Boolean()),
        sa.column("event_types", sa.JSON()),
    )
    op.bulk_insert(table, rows)


def _counts() -> list[sa.Column[int]]:
    names = ["delivered", "given_up", "attempts", "failed_attempts"]
    names += [f"took_{number}" for number in range(12)]
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _partial_index(name: str, table: str, where: str, columns: list[str]) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
