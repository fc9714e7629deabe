"""The log: deliveries over all webhooks, narrowed, searched, paged and downloaded."""

from typing import Any

from babel.numbers import get_decimal_symbol
from flask import Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui import audit
from webhooks_ui.explanations.verdicts import ERROR_LABELS, STATUS_LABELS
from webhooks_ui.forms.log_filters import CODE_CLASSES, LogQuery, payload_search
from webhooks_ui.forms.span_filters import SPAN_LABELS
from webhooks_ui.models import Channel, Delivery, delivery_rows, webhook_list
from webhooks_ui.models.keyset import KeysetPage, looked_back_to, newest_row
from webhooks_ui.text.spreadsheet import SEPARATORS
from webhooks_ui.views import fresh as news
from webhooks_ui.views.deliveries import blueprint
from webhooks_ui.views.downloads import as_file, records_of
from webhooks_ui.views.webhook_silence import silence_of
from webhooks_ui.web.i18n import language
from webhooks_ui.web.localised import isotime
from webhooks_ui.web.pieces import list_answer

COMMON_CODES = (400, 401, 403, 404, 408, 410, 413, 422, 429, 500, 502, 503, 504)
_COLUMNS = (
    *("id", "created_at", "finished_at", "status", "type", "test", "event_id", "webhook_id"),
    *("webhook", "attempts", "error", "status_code", "duration_ms"),
)


@blueprint.get("/deliveries")
def index() -> BaseResponse | str:
    """The list, narrowed and paged as the URL says."""
    query = LogQuery.parse(request.args)
    context = _list_context(query)
    return list_answer(
        "deliveries",
        url_for(".index", **query.arguments()),
        context,
        lambda: {"silence": silence_of(context["webhook"])},
    )


@blueprint.get("/deliveries/new")
def fresh() -> tuple[str, int]:
    """How many deliveries have come since the page was made; 204 while there are none."""
    return news.answer("deliveries", LogQuery.deliveries)


@blueprint.get("/deliveries/webhooks")
def webhooks() -> str:
    """Webhooks to choose from while one types a part of a name into the filter."""
    words = request.args.get("webhook", "").strip()
    return render_template(
        "deliveries/_webhook_options.html", webhooks=webhook_list.suggestions(words, 20)
    )


@blueprint.get("/deliveries.<any(csv, ndjson):kind>")
def download(kind: str) -> Response:
    """Everything that the filters leave, newest first, row by row."""
    query = LogQuery.parse(request.args)
    asked = query.arguments(before="")
    audit.exported("delivery.exported", "delivery", format=kind, filter=asked)
    found = records_of(query.deliveries(), lambda ids: map(_record, delivery_rows.load(ids)))
    separator = SEPARATORS.get(request.args.get("separator", ""), ",")
    return as_file(found, _COLUMNS, kind, ("deliveries", *query.summary()), separator)


def _list_context(query: LogQuery) -> dict[str, Any]:
    """What the list's piece shows, and what the filters offer."""
    chosen, newest = query.deliveries(), newest_row(Delivery)
    found = chosen.find(before=query.cursor) if chosen else KeysetPage((), None)
    rows, channels = delivery_rows.load(found.ids), Channel.choices()
    return {
        "filters": query,
        "webhook": query.one_webhook,
        "deliveries": rows,
        "found": found,
        "looked_back_to": looked_back_to(Delivery, found),
        "newest": newest,
        "came": news.came(),
        "search": payload_search(query),
        "channels": channels,
        "channel_names": {channel.id: channel.name for channel in channels},
        "page_url": lambda before: url_for("deliveries.index", **query.arguments(before=before)),
        "download_url": lambda kind, separator=None: url_for(
            "deliveries.download", kind=kind, separator=separator, **query.arguments(before="")
        ),
        "has_decimal_comma": get_decimal_symbol(language()) == ",",
        "statuses": STATUS_LABELS,
        "errors": ERROR_LABELS,
        "codes": {code: code for code in (*CODE_CLASSES, *map(str, COMMON_CODES))},
        "spans_offered": SPAN_LABELS,
    }


def _record(delivery: Delivery) -> dict[str, Any]:
    attempt, webhook = delivery.last_attempt, delivery.webhook
    ended = delivery.finished_at
    return {
        "id": delivery.public_id,
        "created_at": isotime(delivery.created_at),
        "finished_at": isotime(ended) if ended else None,
        "status": delivery.status,
        "type": delivery.type,
        "test": delivery.test,
        "event_id": delivery.event.public_id,
        "webhook_id": webhook.public_id if webhook else None,
        "webhook": webhook.title if webhook else None,
        "attempts": delivery.attempts_made,
        "error": delivery.error,
        "status_code": attempt.status_code if attempt else None,
        "duration_ms": attempt.duration_ms if attempt else None,
    }
