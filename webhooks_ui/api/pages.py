"""Long lists, a page at a time, by cursors that stay right while things are added.

A cursor is opaque: where the page before ended. It holds the row's id in base64url.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from pydantic import Field, WithJsonSchema
from sqlalchemy import Select

from webhooks_ui.api.body import invalid
from webhooks_ui.api.operation import Query
from webhooks_ui.database.engine import db
from webhooks_ui.models.keyset import KeysetPage
from webhooks_ui.web.problem import Fault

MOST = 200
USUAL = 50
Row = TypeVar("Row", bound=Any)


class PageQuery(Query):
    """Which page: `next` of the page before is the `cursor` of this one."""

    cursor: str = Field(default="", description="What `next` was on the page before.")
    limit: Annotated[
        str, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL})
    ] = Field(default=str(USUAL), description="How many at most.")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of those after them; None when there are no more."""

    rows: Sequence[Row]
    next: str | None

    @property
    def headers(self) -> Mapping[str, str]:
        """The address of the next page (RFC 8288)."""
        if self.next is None or request.endpoint is None:
            return {}
        arguments = request.args.to_dict() | {"cursor": self.next}
        url = url_for(request.endpoint, **arguments, _external=True)
        return {"Link": f'<{url}>; rel="next"'}


def page(
    model: type[Row], found: Select[Any], query: PageQuery, *, newest_first: bool = False
) -> Page[Row]:
    """The page that was asked for, ordered by the id of the rows of `model`."""
    limit, after = _limit(query.limit), _opened(query.cursor)
    if after is not None:
        found = found.where(model.id < after if newest_first else model.id > after)
    ordered = found.order_by(model.id.desc() if newest_first else model.id)
    rows = list(db.session.scalars(ordered.limit(limit + 1)).unique())
    more = len(rows) > limit
    return Page(rows[:limit], _cursor(rows[limit - 1].id) if more else None)


def walked(
    find: Callable[..., KeysetPage], load: Callable[[Sequence[int]], list[Row]], query: PageQuery
) -> Page[Row]:
    """The page that was asked for of a long table; it may be short although there is a next one."""
    found = find(before=_opened(query.cursor), limit=_limit(query.limit))
    return Page(load(found.ids), None if found.next is None else _cursor(found.next))


def _limit(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST:
        return int(text)
    raise invalid([Fault("/limit", _l("Ask for 1 to %(most)s at once.", most=MOST))])


def _cursor(row_id: int) -> str:
    return base64.urlsafe_b64encode(str(row_id).encode()).decode().rstrip("=")


def _opened(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if not text.isdecimal() or len(text) > 18:
        raise invalid([Fault("/cursor", _l("This is no cursor. Take what next was before."))])
    return int(text)
