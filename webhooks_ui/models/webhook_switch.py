"""The columns that say whether a webhook gets events: enabled, paused, failing, held."""

from datetime import datetime

from sqlalchemy import Boolean, ColumnElement, String, and_, or_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.types import Instant, now
from webhooks_ui.explanations import states


class Holdable:
    """Nothing is claimed before `held_until`.

    `hold_reason` is ``limited`` (by the receiver), ``failing`` (it does not answer) or ``probing``
    (one attempt is under way). Of a paced webhook, which has no reason, `held_until` is when the
    next delivery may go: GCRA's theoretical arrival time.
    """

    held_until: Mapped[datetime | None] = mapped_column(Instant)
    hold_reason: Mapped[str | None] = mapped_column(String(10))
    send_interval_ms: Mapped[float | None]
    # The pace is learned from successes `counted` since then; `refused` and `unanswered` count
    # refusals without a success between them, and attempts without an answer.
    counted_since: Mapped[datetime | None] = mapped_column(Instant)
    counted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)

    @property
    def limited_until(self) -> datetime | None:
        """Until when the receiver asks to be left alone; None once that is over."""
        return _to_come(self.held_until) if self.hold_reason == "limited" else None

    @property
    def probed_at(self) -> datetime | None:
        """When the next attempt is made at a receiver that does not answer; at once if past."""
        return self.held_until if self.hold_reason in ("failing", "probing") else None

    def release_hold(self) -> None:
        """Forgets that it was held, and at which pace it was sent to."""
        self.held_until = self.hold_reason = self.send_interval_ms = self.counted_since = None
        self.counted = self.refused = self.unanswered = 0


class Switchable(Holdable):
    """`disabled_reason` is ``manual``, ``gone`` (the receiver said 410) or ``failing``.

    Until `paused_until` no events are queued for it, and what waits is not sent. A time that has
    passed means nothing: it resumes by itself.
    """

    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    disabled_reason: Mapped[str | None] = mapped_column(String(20))
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    # When an alert said that it fails; null again once it works.
    failing_noticed_at: Mapped[datetime | None] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    # A copy, so that the list does not read deliveries: of the attempt that was recorded last.
    last_succeeded: Mapped[bool | None]
    # By the last 24 hours; see `jobs.states`.
    degraded: Mapped[bool] = mapped_column(default=False)

    @property
    def resumes_at(self) -> datetime | None:
        """Until when it is paused; None when it is not."""
        return _to_come(self.paused_until)

    @property
    def state(self) -> states.State:
        """How it is, in a word: see `explanations.states`."""
        return states.state(
            enabled=self.enabled,
            is_paused=self.resumes_at is not None,
            failing_since=self.failing_since,
            last_succeeded=self.last_succeeded,
            degraded=self.degraded,
        )

    @classmethod
    def goes_on(cls, moment: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
        """Whether it is not paused, in SQL."""
        until = cls.paused_until
        return or_(until.is_(None), until <= moment)

    @hybrid_property
    def is_active(self) -> bool:
        """Whether it gets events: it is enabled and not deleted."""
        return self.enabled and self.deleted_at is None

    @is_active.inplace.expression
    @classmethod
    def _is_active(cls) -> ColumnElement[bool]:
        return and_(cls.enabled, cls.deleted_at.is_(None))

    def enable(self) -> None:
        """Enables it; how long it had failed before no longer counts."""
        if not self.enabled:
            self.failing_since = self.failing_noticed_at = None
            self.release_hold()
        self.enabled, self.disabled_reason, self.disabled_at = True, None, None

    def disable(self, reason: str) -> None:
        """Disables it: no deliveries are made until it is enabled again."""
        self.enabled, self.disabled_reason, self.disabled_at = False, reason, now()
        self.paused_until = None

    def pause(self, until: datetime | None) -> None:
        """Pauses it until this time, None resumes; how long it had failed no longer counts."""
        if until is not None:
            self.failing_since = self.failing_noticed_at = None
        self.paused_until = until


def _to_come(moment: datetime | None) -> datetime | None:
    return moment if moment and moment > now() else None
