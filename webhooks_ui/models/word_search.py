"""Searching in the index: the newest rows that have all of some words, within about a second.

Rows are scanned from the newest back, in windows that grow as matches get rarer: a common word
costs as much as is shown of it, not as much as is stored. When the time is up, the result is what
was found so far, and how far back the scan came.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from sqlalchemy import select

from webhooks_ui.database.engine import db, is_sqlite
from webhooks_ui.database.time_limit import TooSlowError, time_limit
from webhooks_ui.models.attempt import Attempt
from webhooks_ui.models.keyset import SearchLimits
from webhooks_ui.models.payload_index import ANSWERS, EVENTS, Lead, Table, positions
from webhooks_ui.text import words

MAX_FOUND = 500  # the newest matching events, and answers, that lists are made of
SECONDS = 0.4  # for the events, then for the answers
_WINDOW = 5_000  # rows of the first window
_SELDOM = 5  # matches among these: so few that all there are can be read
_MANY = 300_000  # rows, which SQLite does not read in time, nor ends in time
_ALL = 2**62
_AND = " & "  # between words, on PostgreSQL


@dataclass(frozen=True, slots=True)
class Matches:
    """Rows of events, and of deliveries by their answers."""

    events: Sequence[int]
    deliveries: Sequence[int]
    limits: SearchLimits


@dataclass(slots=True)
class _Look:
    """The scan of one table; `below` is where it stopped, 0 at the end."""

    table: Table
    rows: list[int]
    below: int
    whole_words: bool = False

    @property
    def back_to(self) -> datetime | None:
        """The moment before which nothing was searched, where time ran out."""
        if not self.below or len(self.rows) == MAX_FOUND:
            return None
        return self.table.moment_of(self.below)


def find(sought: str, last_event: int | None = None) -> Matches:
    """The rows that have all of these words; of events up to the row `last_event`."""
    chosen = words.sought(sought)
    if not chosen:
        return Matches((), (), SearchLimits())
    newest_event, newest_answer = positions()
    last_event = newest_event if last_event is None else min(newest_event, last_event)
    looks = events, answers = (
        _look(EVENTS, chosen, last_event),
        _look(ANSWERS, chosen, newest_answer),
    )
    own = select(Attempt.delivery_id).where(Attempt.id.in_(answers.rows)).distinct()
    deliveries = db.session.scalars(own).all() if answers.rows else ()
    limits = SearchLimits(
        is_capped=any(len(look.rows) == MAX_FOUND for look in looks),
        back_to=max((look.back_to for look in looks if look.back_to), default=None),
        whole_words=any(look.whole_words for look in looks),
    )
    return Matches(events.rows, deliveries, limits)


def _look(table: Table, sought: Sequence[str], last: int) -> _Look:
    look = _Look(table, [], last)
    begins = [word for word in sought if words.may_go_on(word)]
    if begins and is_sqlite():
        # It reads all rows of all words that begin like this, whatever the window.
        if not any(_is_frequent(table, word, last) for word in begins):
            with suppress(TooSlowError):
                _look_back(look, _query(sought, begins), _ALL, SECONDS / 2)
                return look
        look.whole_words, begins = True, []
    with suppress(TooSlowError):
        _look_back(look, _query(sought, begins), _WINDOW, SECONDS)
    return look


def _is_frequent(table: Table, word: str, last: int) -> bool:
    """Whether more than `_MANY` rows have this word, judged by the newest."""
    first = table.start(last, _WINDOW)
    found = table.newest(_query([word], []), first, last, _WINDOW, Lead.ROWS)
    return len(found) * last > _MANY * _WINDOW


def _look_back(look: _Look, query: str, window: int, seconds: float) -> None:
    until, newest = monotonic() + seconds, look.below
    first, lead, rarest = look.table.start(newest, window), Lead.ROWS, ""
    while look.below and len(look.rows) < MAX_FOUND and (left := until - monotonic()) > 0:
        with time_limit(left):
            wanted = MAX_FOUND - len(look.rows)
            look.rows += look.table.newest(query, first, look.below, wanted, lead, rarest)
            if lead is Lead.ROWS and len(look.rows) < MAX_FOUND:
                rarest, count = query, len(look.rows)
                if _AND in query:
                    rarest, count = look.table.rarest(query.split(_AND), first, look.below)
                lead = Lead.WORDS if count <= _SELDOM else Lead.EITHER
        look.below = first - 1
        # As many rows as are likely to have twice what a list takes.
        window = (newest - look.below) * 2 * MAX_FOUND // max(len(look.rows), 1)
        first = max(look.below - window, 0) + 1


def _query(sought: Sequence[str], begins: Sequence[str]) -> str:
    """The full-text query: all of the words, those in `begins` as prefixes."""
    # Words have neither quotes nor spaces.
    if is_sqlite():
        return " ".join(f'"{word}"{"*" * (word in begins)}' for word in sought)
    return _AND.join(f"'{word}'{':*' * (word in begins)}" for word in sought)
