"""Pages of long lists by cursors, which stay valid while rows are added.

A cursor is opaque to clients: the id of the last row of the page before, in base64url.
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
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.web.problem import Fault

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_LIMIT: Any = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
Row = TypeVar("Row", bound=Any)


class PageQuery(Query):
    """Which page: `next` of the page before is the `cursor` of this one."""

    cursor: str = Field(default="", description="What `next` was on the page before.")
    limit: Annotated[str, WithJsonSchema(_LIMIT)] = Field(
        default=str(DEFAULT_LIMIT), description="How many at most."
    )


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


def page(model: type[Row], query: Select[Any], asked: PageQuery) -> Page[Row]:
    """A page of `query`, ordered by the id of `model`."""
    limit = _limit(asked.limit)
    if (after := _row_id(asked.cursor)) is not None:
        query = query.where(model.id > after)
    rows = list(db.session.scalars(query.order_by(model.id).limit(limit + 1)).unique())
    more = len(rows) > limit
    return Page(rows[:limit], _cursor(rows[limit - 1].id) if more else None)


def keyset_page(
    find: Callable[..., KeysetPage], load: Callable[[Sequence[int]], list[Row]], asked: PageQuery
) -> Page[Row]:
    """A page of a long table, newest first; it may be short although more rows follow."""
    found = find(before=_row_id(asked.cursor), limit=_limit(asked.limit))
    return Page(load(found.ids), None if found.next is None else _cursor(found.next))


def _limit(text: str) -> int:
    limit = whole_number(text, digits=4)
    if limit is not None and 1 <= limit <= MAX_LIMIT:
        return limit
    raise invalid([Fault("/limit", _l("Ask for 1 to %(most)s at once.", most=MAX_LIMIT))])


def _cursor(row_id: int) -> str:
    return base64.urlsafe_b64encode(str(row_id).encode()).decode().rstrip("=")


def _row_id(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if (found := whole_number(text)) is None:
        raise invalid([Fault("/cursor", _l("This is no cursor. Take what next was before."))])
    return found
