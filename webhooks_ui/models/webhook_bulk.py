"""Changes to several webhooks at once, in one transaction, and their undo."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, delete, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.database.types import EPOCH, Instant, RowId, at_milliseconds, milliseconds, now
from webhooks_ui.models import webhook_history
from webhooks_ui.models.channel import Channel
from webhooks_ui.models.delivery import Delivery
from webhooks_ui.models.public_ids import BULK, new_id
from webhooks_ui.models.user import User
from webhooks_ui.models.webhook import Webhook

KEPT = timedelta(days=1)


class BulkChange(Model):
    """`items` has a member for each webhook that it changed, or sent something to.

    Of a change: the row `webhook`, its `version` since, and `before`, what it changed, as it was.
    Of a test or a recovery: `webhook`, and `made`, the public id of the delivery or the recovery;
    null where none was made.
    """

    __tablename__ = "bulk_changes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=lambda: new_id(BULK))
    action: Mapped[str] = mapped_column(String(20))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    undone_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def can_be_undone(self) -> bool:
        """Whether it changed something and has not been undone."""
        return bool(self.items) and self.undone_at is None

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The one of this public id, for `KEPT`."""
        recent = cls.created_at > now() - KEPT
        return db.session.scalar(select(cls).where(cls.public_id == public_id, recent))

    @classmethod
    def change_by_public_id(cls, public_id: str) -> Self | None:
        """As `by_public_id`; None for a test or a recovery, which cannot be undone."""
        found = cls.by_public_id(public_id)
        return found if found and not any("made" in item for item in found.items) else None

    @classmethod
    def keep(
        cls, action: str, items: list[dict[str, Any]], moment: datetime, editor: User | None
    ) -> Self:
        """Adds one, and deletes those older than `KEPT`; within the caller's transaction."""
        db.session.execute(delete(cls).where(cls.created_at <= moment - KEPT))
        kept = cls(action=action, items=items, created_at=moment)
        kept.created_by_id = editor.id if editor else None
        db.session.add(kept)
        return kept


MAX_AT_ONCE = 1_000  # webhooks
Change = Callable[[Webhook], None]
"""Changes one webhook, if it concerns it."""

_TIMES = ("disabled_at", "failing_since", "failing_noticed_at", "paused_until", "deleted_at")
_PLAIN = ("enabled", "disabled_reason", "channel_id")


def disable(webhook: Webhook) -> None:
    """No deliveries are made; why one is disabled already stays."""
    if webhook.enabled:
        webhook.disable("manual")


def pause(until: datetime | None) -> Change:
    """Pauses until this time; None resumes. A disabled webhook stays as it is."""

    def change(webhook: Webhook) -> None:
        if webhook.enabled and webhook.resumes_at != until:
            webhook.pause(until)

    return change


def listen_to(channel: Channel | None) -> Change:
    """The events of one channel alone, or of all."""
    wanted = channel.id if channel else None
    return lambda webhook: setattr(webhook, "channel_id", wanted)


def add_event(kind: str) -> Change:
    """Subscribes to one more type."""

    def change(webhook: Webhook) -> None:
        webhook.event_types = [*webhook.event_types, kind]

    return change


def remove_event(kind: str) -> Change:
    """Subscribes to one type less; a webhook's only type stays."""

    def change(webhook: Webhook) -> None:
        if left := [one for one in webhook.event_types if one != kind]:
            webhook.event_types = left

    return change


def remove(webhook: Webhook) -> None:
    """Takes it out of use."""
    webhook.deleted_at = now()


def apply(
    public_ids: Sequence[str], action: str, change: Change, editor: User | None
) -> BulkChange:
    """Changes these webhooks, except those that the change does not concern.

    What waits for those that are off afterwards is cancelled.
    """
    with transaction():
        moment = now()
        touched: list[tuple[Webhook, dict[str, Any]]] = []
        for webhook in _locked(Webhook.public_id.in_(public_ids), Webhook.deleted_at.is_(None)):
            before = _snapshot(webhook)
            change(webhook)
            after = _snapshot(webhook)
            if changed := {name: was for name, was in before.items() if was != after[name]}:
                webhook.stamp_editor(editor)
                touched.append((webhook, changed))
        db.session.flush()
        for webhook, _before in touched:
            if not webhook.is_active:
                Delivery.cancel_waiting(webhook.id, moment)
        webhook_history.record([webhook.id for webhook, _before in touched], moment)
        items = [
            {"webhook": webhook.id, "version": webhook.version, "before": before}
            for webhook, before in touched
        ]
        return BulkChange.keep(action, items, moment, editor)


def undo(done: BulkChange, editor: User | None) -> tuple[int, int]:
    """Restores what was, and what waited; returns how many webhooks, and how many were left.

    One that was changed since, or whose channel is gone, stays as it is.
    """
    row, began = done.id, done.created_at
    with transaction():
        taken = update(BulkChange).where(BulkChange.id == row, BulkChange.undone_at.is_(None))
        items = db.session.scalar(taken.values(undone_at=now()).returning(BulkChange.items))
        if items is None:
            return 0, 0
        known = {item["webhook"]: item for item in items}
        restored = []
        webhooks = _locked(Webhook.id.in_(known))
        own = select(Channel.id).where(
            Channel.id.in_({i["before"].get("channel_id") for i in items})
        )
        channels = {None, *db.session.scalars(own.with_for_update(read=True, key_share=True))}
        for webhook in webhooks:
            before = known[webhook.id]["before"]
            is_as_left = webhook.version == known[webhook.id]["version"]
            if not is_as_left or before.get("channel_id") not in channels:
                continue
            was_off = not webhook.is_active
            _restore(webhook, before)
            webhook.stamp_editor(editor)
            restored.append(webhook.id)
            if was_off and webhook.is_active:
                _queue_again(webhook.id, began)
        db.session.flush()
        webhook_history.record(restored, now())
    return len(restored), len(known) - len(restored)


def remember(
    action: str, made: Sequence[tuple[int, str | None]], editor: User | None
) -> BulkChange:
    """Keeps what was sent to webhooks: pairs of their rows and of what was made for each."""
    items = [{"webhook": row, "made": one} for row, one in made]
    with transaction():
        return BulkChange.keep(action, items, now(), editor)


def _locked(*conditions: ColumnElement[bool]) -> Sequence[Webhook]:
    """Webhooks that nobody else changes in this transaction, always in the same order."""
    rows = select(Webhook.id).where(*conditions).order_by(Webhook.id)
    ids = db.session.scalars(rows.with_for_update(key_share=True)).all()
    return db.session.scalars(select(Webhook).where(Webhook.id.in_(ids)).order_by(Webhook.id)).all()


def _snapshot(webhook: Webhook) -> dict[str, Any]:
    """What an action can change, as JSON can hold it."""
    times = {name: getattr(webhook, name) for name in _TIMES}
    return (
        {name: getattr(webhook, name) for name in _PLAIN}
        | {name: milliseconds(at) if at else None for name, at in times.items()}
        | {"events": webhook.event_types}
    )


def _restore(webhook: Webhook, before: dict[str, Any]) -> None:
    for name, was in before.items():
        if name == "events":
            webhook.event_types = was
        else:
            setattr(webhook, name, at_milliseconds(was) if name in _TIMES else was)


def _queue_again(webhook_id: int, cancelled_at: datetime) -> None:
    """What was cancelled at this moment waits again."""
    own = update(Delivery).where(
        Delivery.webhook_id == webhook_id,
        text("deliveries.status = 'cancelled'"),
        Delivery.finished_at == cancelled_at,
    )
    db.session.execute(own.values(status="pending", due_at=EPOCH, finished_at=None))
