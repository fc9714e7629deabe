"""The state of the background jobs: their leases, when each last completed, the heartbeat."""

from datetime import datetime, timedelta

from sqlalchemy import String, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from webhooks_ui.database.engine import Model, db, transaction
from webhooks_ui.database.types import EPOCH, Instant

HEARTBEAT = "heartbeat"
BEAT_EVERY = timedelta(seconds=10)
ALIVE_FOR = timedelta(seconds=30)
_NEW = text(
    "INSERT INTO chores (name, held_until, done_at) VALUES (:name, 0, 0) ON CONFLICT DO NOTHING"
)


class JobRun(Model):
    """A job's lease, which one worker at a time holds, and when the job last completed."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    held_until: Mapped[datetime] = mapped_column(Instant, default=EPOCH)
    done_at: Mapped[datetime] = mapped_column(Instant, default=EPOCH)

    @classmethod
    def last_done(cls, name: str) -> datetime:
        """When the job last completed; the epoch if never."""
        return db.session.scalar(select(cls.done_at).where(cls.name == name)) or EPOCH

    @classmethod
    def acquire(cls, name: str, moment: datetime, lease: timedelta) -> bool:
        """Takes the lease; False while another worker holds it."""
        with transaction():
            if db.session.get(cls, name) is None:
                db.session.execute(_NEW, {"name": name})  # another may be the first meanwhile
            # A lease longer than any that is given comes from a clock that was wrong.
            free = (cls.held_until <= moment) | (cls.held_until > moment + 2 * lease)
            taken = update(cls).where(cls.name == name, free).returning(cls.name)
            return db.session.scalar(taken.values(held_until=moment + lease)) is not None

    @classmethod
    def release(cls, name: str, held_until: datetime, done_at: datetime | None) -> None:
        """Gives the lease back, unless another worker has taken it over meanwhile.

        `done_at` is given when the job has completed.
        """
        own = (cls.name == name, cls.held_until == held_until)
        values = {"held_until": EPOCH} | ({"done_at": done_at} if done_at else {})
        with transaction():
            db.session.execute(update(cls).where(*own).values(**values))

    @classmethod
    def worker_is_up(cls, moment: datetime) -> bool:
        """Whether a worker, on this machine or another, has shown a heartbeat lately."""
        return abs(moment - cls.last_done(HEARTBEAT)) < ALIVE_FOR
