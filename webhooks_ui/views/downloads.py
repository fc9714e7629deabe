"""Everything that a list's filters leave, newest first, as a file that is made row by row."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from flask import Response, stream_with_context
from werkzeug.http import dump_options_header

from webhooks_ui.database.engine import db, end_read
from webhooks_ui.models.log_filter import LogFilter
from webhooks_ui.text import spreadsheet
from webhooks_ui.web.timezones import today

MIMETYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_AT_ONCE = 500  # rows that are read together


def as_file(
    records: Iterable[dict[str, Any]],
    columns: Sequence[str],
    kind: str,
    name: Iterable[str],
    separator: str = ",",
) -> Response:
    """The file with these records: `kind` is one of `MIMETYPES`.

    Its name is of the words of `name` and the date.
    """
    parts = spreadsheet.rows(columns, records, separator) if kind == "csv" else map(_line, records)
    answer = Response(stream_with_context(parts), mimetype=MIMETYPES[kind])
    file = spreadsheet.file_name((*name, today().isoformat()), kind)
    disposition = {"filename": file} if file.isascii() else {"filename*": f"UTF-8''{quote(file)}"}
    answer.headers["Content-Disposition"] = dump_options_header("attachment", disposition)
    return answer


def records_of(
    chosen: LogFilter | None,
    load: Callable[[Sequence[int]], Iterable[dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """A record for each row that a filter leaves, as `load` makes them of their ids."""
    before: int | None = None
    while chosen is not None:
        found = chosen.find(before=before, limit=_AT_ONCE)
        records = list(load(found.ids))
        end_read()  # no transaction stays open, no connection is held, while the other side reads
        db.session.expunge_all()
        yield from records
        if (before := found.next) is None:
            return


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"
