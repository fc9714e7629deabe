"""A fan-out under way: an event for so many webhooks that its deliveries are made in parts."""

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model
from webhooks_ui.database.types import RowId


class FanOut(Model):
    """Stored with its event, gone with the last part: what a crash interrupts is finished later.

    Deliveries are made in the order of the webhooks' rows, up to the row `made_to` so far.
    `left_out` are the rows of webhooks that do not get the event (`intake.filtering`).
    """

    __tablename__ = "fan_outs"

    event_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    made_to: Mapped[int] = mapped_column(BigInteger, default=0)
    left_out: Mapped[list[int]] = mapped_column(JSON)
