"""Search among many: fills the search index of a database that `bench.seed` has filled, and asks.

`python -m bench.many_words fill --data-dir DIR [--database URL]`, then `search` for `fill`. The
worker takes hours for as much; here each row gets its words at once. An event has thirty words that
all have in common, as Chatwoot's have, twelve of a text, and two of its own; an answer has three.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, func, select, text

from bench.stage import percentile
from tests.sources.chatwoot import body
from webhooks_ui import create_app
from webhooks_ui.database.engine import db, end_read
from webhooks_ui.models.delivery_list import DeliveryFilter
from webhooks_ui.models.payload_index import ANSWERS, EVENTS, Table
from webhooks_ui.server import process
from webhooks_ui.text import words

VOCABULARY, SAID = 20_000, 12  # the word of rank n is said n times as seldom as the first
COMMON = 30
SELDOM = 997  # one event in so many has “refund”
AT_ONCE = 50_000
TURNS = 15
LETTERS = "bcdfghjklmnprstvz", "aeiou"

Words = Callable[[int], Sequence[str]]


def fill(app: Flask, most: int) -> None:
    """Indexes the newest events and answers, `most` of each."""
    with app.app_context():
        _fill(EVENTS, _event_words(), most)
        _fill(ANSWERS, lambda row: ("accepted", "true", f"n{row}"), most)


def search(app: Flask) -> None:
    """Prints how long searches take, in ms: the median, the longest, processor of this process."""
    print("| sought | deliveries | median | longest | processor | noted |")
    print("|---|---|---|---|---|---|")
    with app.app_context():
        for label, sought in _sought().items():
            wall, used = [], []
            for _ in range(TURNS):
                end_read()
                began, cpu = time.perf_counter(), time.thread_time()
                found = DeliveryFilter(words=sought).find()
                wall.append((time.perf_counter() - began) * 1000)
                used.append((time.thread_time() - cpu) * 1000)
            said = f"{percentile(wall, 0.5):.0f} | {max(wall):.0f} | {percentile(used, 0.5):.0f}"
            print(f"| {label} | {len(found.ids)} | {said} | {found} |"[:220], flush=True)


def _sought() -> dict[str, str]:
    said = [_word(rank) for rank in range(VOCABULARY)]
    return {
        "an id of one event": "id1234567",
        "nothing": "nowhere",
        "1 event in 997": "refund",
        "a word that two events in three have": said[0],
        "… one in eight": said[8],
        "… one in eighty": said[97],
        "… one in 8,000": said[9_700],
        "three words, often said": f"{said[0]} {said[8]} {said[20]}",
        "what all have": "telegram",
        "its beginning": "tel",
        "what all have and what few have": "telegram refund",
        "what all answers have": "accepted",
    }


def _event_words() -> Words:
    common = dict.fromkeys(words.of_payload(body("message_created_incoming"))[:COMMON])
    everywhere = ["telegram", *common]
    said = [_word(rank) for rank in range(VOCABULARY)]
    chance = random.Random(1)  # noqa: S311  # no secret

    def of(row: int) -> Sequence[str]:
        text = {said[int(VOCABULARY ** chance.random()) - 1] for _ in range(SAID)}
        own = [f"id{row}", f"m{row * 7919 % 99_999_989}"]
        return [*everywhere, *text, *own, *(["refund"] if row % SELDOM == 0 else [])]

    return of


def _word(rank: int) -> str:
    """A word of letters alone: “babeda”."""
    consonants, vowels = LETTERS
    syllables = []
    for _ in range(4):
        rank, rest = divmod(rank, len(consonants) * len(vowels))
        syllables.append(consonants[rest // len(vowels)] + vowels[rest % len(vowels)])
    return "".join(syllables)


def _fill(each: Table, of: Words, most: int) -> None:
    began = time.perf_counter()
    last = db.session.scalar(select(func.max(each.model.id))) or 0
    rows, count = _rows(each, max(last - most, 0) + 1, last), 0

    def counted(row: int) -> Sequence[str]:
        nonlocal count
        count += 1
        return of(row)

    if db.engine.dialect.name == "sqlite":
        _into_sqlite(each, counted, rows)
    else:
        _into_postgresql(each, counted, rows)
    print(f"{each.name}: {count:,} rows in {time.perf_counter() - began:.0f} s", flush=True)


def _rows(each: Table, first: int, last: int) -> Iterator[int]:
    """The ids that there are: of attempts two in three are left out."""
    for start in range(first, last + 1, AT_ONCE):
        own = each.model.id.between(start, start + AT_ONCE - 1)
        yield from db.session.scalars(select(each.model.id).where(own).order_by(each.model.id))
        end_read()


def _into_sqlite(each: Table, of: Words, rows: Iterator[int]) -> None:
    with db.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        while some := list(islice(rows, AT_ONCE)):
            cursor.execute("BEGIN")
            given = [(row, " ".join(of(row))) for row in some]
            cursor.executemany(f"INSERT INTO {each.name} (rowid, words) VALUES (?, ?)", given)  # noqa: S608  # a name of ours
            cursor.execute("COMMIT")


def _into_postgresql(each: Table, of: Words, rows: Iterator[int]) -> None:
    index = f"ix_{each.name}_words"
    with db.engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("SET maintenance_work_mem = '400MB'"))
        connection.execute(text(f"DROP INDEX {index}"))
        _copy(connection, each, of, rows)
        connection.execute(text(f"CREATE INDEX {index} ON {each.name} USING gin (words)"))
        connection.commit()
        connection.execute(text(f"ANALYZE {each.name}"))
        connection.commit()


def _copy(connection: Connection, each: Table, of: Words, rows: Iterator[int]) -> None:
    into = f"COPY {each.name} ({each.key}, words) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(into) as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row((row, " ".join(f"'{word}'" for word in of(row))))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_words", description=__doc__)
    parser.add_argument("part", choices=("fill", "search"))
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--database", help="else a SQLite file in that folder")
    parser.add_argument("--most", type=int, default=10**9, help="ids to index of each table")
    chosen = parser.parse_args()
    settings = {"DATA_DIR": chosen.data_dir}
    if chosen.database:
        settings["DATABASE_URL"] = chosen.database
    app = create_app(settings)
    if chosen.part == "fill":
        fill(app, chosen.most)
    else:
        search(app)
    process.close(app)


if __name__ == "__main__":
    main()
