"""A chore: work in the background that one worker at a time does, whichever it is."""

from datetime import datetime, timedelta

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.database.types import EPOCH, Instant


class JobRun(Model):
    """Who holds a chore until when, and when it was last done to its end."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    held_until: Mapped[datetime] = mapped_column(Instant, default=EPOCH)
    done_at: Mapped[datetime] = mapped_column(Instant, default=EPOCH)

    @classmethod
    def last_done(cls, name: str) -> datetime:
        """When the chore was last done; the epoch if never."""
        return db.session.scalar(select(cls.done_at).where(cls.name == name)) or EPOCH

    @classmethod
    def take(cls, name: str, moment: datetime, lease: timedelta) -> bool:
        """Holds the chore for a while; False when another worker has it."""
        with transaction():
            if db.session.get(cls, name) is None:
                db.session.add(cls(name=name))
                db.session.flush()
            # A lease that ends later than any is given for was given by a wrong clock.
            free = (cls.held_until <= moment) | (cls.held_until > moment + 2 * lease)
            taken = update(cls).where(cls.name == name, free).returning(cls.name)
            return db.session.scalar(taken.values(held_until=moment + lease)) is not None

    @classmethod
    def release(cls, name: str, done_at: datetime | None) -> None:
        """Lets others have it; with `done_at` it was done to its end."""
        values = {"held_until": EPOCH} | ({"done_at": done_at} if done_at else {})
        with transaction():
            db.session.execute(update(cls).where(cls.name == name).values(**values))
