"""The brake on guessing passwords: how many failed sign-ins are too many, and how long one waits.

An attempt is counted as failed before its password is looked at, and forgiven if it was right: so a
hundred guesses sent at once get no further than a hundred in a row.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from sqlalchemy import text

from webhooks_ui.database.engine import db, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import SignInFailure

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_NETWORK = 5
PER_NETWORK = 25  # a whole office behind one address mistypes less than that
PER_ACCOUNT = 100  # from everywhere; high, since it keeps the owner out too
_LOCK = 0x77687369  # one count at a time on PostgreSQL


class Source(NamedTuple):
    """Who tries: a fingerprint of the account that is tried, and the network it is tried from."""

    account: str
    network: str


def network(address: str | None) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return (address or "")[:45]
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found) >> 64 << 64, 64)))


def check(who: Source) -> timedelta | None:
    """Counts an attempt; or says how long `who` has to wait, and counts nothing."""
    with transaction():
        one_at_a_time()
        moment = now()
        ends = max(_ends(who, moment - WINDOW), default=moment)
        if ends > moment:
            return ends - moment
        SignInFailure.forget_before(moment - WINDOW)
        db.session.add(SignInFailure(login=who.account, address=who.network, created_at=moment))
    return None


def clear(who: Source) -> None:
    """Forgets the failures of `who`; within a transaction of the caller."""
    SignInFailure.clear(who.account, who.network)


def one_at_a_time() -> None:
    """Lets only one transaction go on from here (on SQLite, writers are alone anyway)."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _ends(who: Source, since: datetime) -> Iterator[datetime]:
    """When each net that has caught `who` lets go."""
    for most, account, place in (
        (PER_ACCOUNT_AND_NETWORK, who.account, who.network),
        (PER_NETWORK, None, who.network),
        (PER_ACCOUNT, who.account, None),
    ):
        if oldest := SignInFailure.oldest_of_last(most, since, login=account, address=place):
            yield oldest + WINDOW
