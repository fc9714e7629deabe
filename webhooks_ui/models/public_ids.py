"""Public identifiers: a prefix that names the noun and a ULID, so that they sort by time of making.

Shape: ``wh_01jk3n8q5w…``: prefix, underscore, 26 characters of lower-case Crockford base 32.
"""

import re
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Mapped
from ulid import ULID

from webhooks_ui.database.engine import db

WEBHOOK, CHANNEL, EVENT, DELIVERY, RECOVERY = "wh", "ch", "evt", "dlv", "rcv"
TOKEN, SOURCE, BULK = "tok", "src", "blk"
_ULID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"


def new_id(prefix: str) -> str:
    """A new identifier of the noun that `prefix` stands for."""
    return f"{prefix}_{str(ULID()).lower()}"


class Public:
    """A model whose rows are known outside by their `public_id`."""

    public_id: Mapped[str]

    @classmethod
    def by_public_id(cls, public_id: str) -> Self | None:
        """The row of this public id, if there is one."""
        return db.session.scalar(select(cls).where(cls.public_id == public_id))


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of an identifier made by `new_id(prefix)`."""
    return re.fullmatch(f"{prefix}_{_ULID}", text) is not None
