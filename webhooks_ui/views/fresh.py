"""How many rows have come to a list of the log since its page was made."""

from collections.abc import Callable

from flask import render_template, request, url_for
from flask_babel import ngettext

from webhooks_ui.forms.log_filters import LogQuery
from webhooks_ui.models.log_filter import LogFilter
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.web.localised import number

MAX_NEW = 50


def answer(name: str, meant: Callable[[LogQuery], LogFilter | None]) -> tuple[str, int]:
    """The count for the list `name`, with a link that shows them; 204 while there are none."""
    query = LogQuery.parse(request.args)
    newest, chosen = whole_number(request.args.get("newest", "")), meant(query)
    if chosen is None or newest is None:
        return "", 204
    count = len(chosen.find(after=newest, limit=MAX_NEW).ids)
    if not count:
        return "", 204
    return render_template(
        "_new_count.html",
        count=count,
        most=MAX_NEW,
        list=name,
        live=query.live,
        newest_url=url_for(f"{name}.index", **query.arguments(before="")),
    ), 200


def came() -> str:
    """What a list says of itself when rows have come in; empty on any other request."""
    count = whole_number(request.args.get("came"), digits=3)
    if count is None:
        return ""
    return str(ngettext("%(count)s new", "%(count)s new", count, count=number(count)))
