"""Rate limits on failed sign-ins and on links asked for by e-mail, by account and network.

An attempt is counted before its password is verified, and cleared if it was right, so that
concurrent guesses are limited like consecutive ones.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from flask import current_app
from sqlalchemy import delete, text

from webhooks_ui.database.engine import db, is_sqlite, transaction
from webhooks_ui.database.types import now
from webhooks_ui.models import SignInFailure, User

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_NETWORK = 5
PER_NETWORK = 25  # an office behind one address has fewer typing errors
PER_ACCOUNT = 100  # from all networks; high, since it locks the owner out too
LINKS_PER_ACCOUNT = 3  # who is asked for more than that has the links of the first three
LINKS_PER_NETWORK = 10
_LOCK = 0x77687369  # of PostgreSQL, for `one_at_a_time`


class Source(NamedTuple):
    """The key of a limit: a fingerprint of the login, and the client's network."""

    account: str
    network: str


Limit = tuple[int, str | None, str | None]
"""How many attempts, at which account or any, from which network or any."""


def account(login: str, purpose: str = "sign-in") -> str:
    """The fingerprint of a login, which people type passwords into: an HMAC-SHA256."""
    key: str = current_app.config["SECRET_KEY"]
    message = f"{purpose}\0{User.tidy_login(login)}".encode(errors="replace")
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def network(address: str | None) -> str:
    """The network of a client: its IPv4 address, or the /64 of its IPv6 address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return (address or "")[:45]
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found) >> 64 << 64, 64)))


def check(who: Source, *, is_known: bool = False) -> timedelta | None:
    """Counts an attempt and returns None, or returns how long `who` has to wait.

    The limit of an account from all networks does not hold for a known browser.
    """
    limits: list[Limit] = [
        (PER_ACCOUNT_AND_NETWORK, who.account, who.network),
        (PER_NETWORK, None, who.network),
    ]
    if not is_known:
        limits.append((PER_ACCOUNT, who.account, None))
    return _counted(who, limits)


def check_link(login: str, address: str | None) -> timedelta | None:
    """Counts a link that is asked for and returns None, or returns how long to wait."""
    who = Source(account(login, "link"), f"link {network(address)}"[:45])
    limits = (LINKS_PER_ACCOUNT, who.account, None), (LINKS_PER_NETWORK, None, who.network)
    return _counted(who, limits)


def _counted(who: Source, limits: Iterable[Limit]) -> timedelta | None:
    """Counts for `who`, unless a limit has been reached: then returns how long it still holds."""
    with transaction():
        one_at_a_time()
        moment = now()
        SignInFailure.forget(before=moment - WINDOW, after=moment + WINDOW)
        ends = max(_ends(limits, moment - WINDOW), default=moment)
        if ends > moment:
            return ends - moment
        db.session.add(SignInFailure(login=who.account, address=who.network, created_at=moment))
    return None


def lift(login: str) -> None:
    """Deletes the failures of an account from all networks, within the caller's transaction."""
    db.session.execute(delete(SignInFailure).where(SignInFailure.login == account(login)))


def one_at_a_time() -> None:
    """Serialises transactions from here on PostgreSQL; SQLite has one writer anyway."""
    if not is_sqlite():
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _ends(limits: Iterable[Limit], since: datetime) -> Iterator[datetime]:
    """When each limit that has been reached ends."""
    for most, login, place in limits:
        if oldest := SignInFailure.oldest_of_last(most, since, login=login, address=place):
            yield oldest + WINDOW
