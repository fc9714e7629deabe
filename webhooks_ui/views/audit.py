"""The audit log: narrowed, paged and downloaded. For administrators; nothing here changes it."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from webhooks_ui import audit
from webhooks_ui.audit import AuditEntry
from webhooks_ui.explanations.audit_words import TOPICS
from webhooks_ui.forms.audit_filters import AuditQuery
from webhooks_ui.forms.span_filters import SPAN_LABELS
from webhooks_ui.models import audit_list
from webhooks_ui.models.keyset import looked_back_to
from webhooks_ui.views.downloads import as_file, records_of
from webhooks_ui.web.localised import isotime
from webhooks_ui.web.pieces import list_answer

blueprint = Blueprint("audit", __name__)
_COLUMNS = (
    *("id", "time", "actor_kind", "actor_id", "actor", "address", "session", "topic", "action"),
    *("object_kind", "object_id", "object", "changes", "details"),
)


@blueprint.get("/settings/audit")
def index() -> BaseResponse | str:
    """The log, narrowed and paged as the URL says."""
    query = AuditQuery.parse(request.args)
    found = query.entries().find(before=query.cursor)
    entries = audit_list.load(found.ids)
    context = {
        "topics": TOPICS,
        "spans_offered": SPAN_LABELS,
        "filters": query,
        "entries": entries,
        "still_there": audit_list.still_there(entries),
        "found": found,
        "looked_back_to": looked_back_to(AuditEntry, found),
        "page_url": lambda before: url_for(".index", **query.arguments(before=before)),
        "download_url": lambda kind: url_for(".download", kind=kind, **query.arguments(before="")),
    }
    return list_answer("audit", url_for(".index", **query.arguments()), context)


@blueprint.get("/settings/audit.<any(csv, ndjson):kind>")
def download(kind: str) -> Response:
    """Everything that the filters leave, newest first, row by row."""
    query = AuditQuery.parse(request.args)
    audit.exported("audit.exported", "audit", format=kind, filter=query.arguments(before=""))
    found = records_of(query.entries(), lambda ids: map(_record, audit_list.load(ids)))
    return as_file(found, _COLUMNS, kind, ("audit",))


def _record(entry: AuditEntry) -> dict[str, Any]:
    values = (
        *(entry.id, isotime(entry.created_at), entry.actor_kind, entry.actor_id),
        *(entry.actor_name, entry.address, entry.session_id, entry.topic, entry.action),
        *(entry.object_kind, entry.object_id, entry.object_name, entry.changes, entry.details),
    )
    return dict(zip(_COLUMNS, values, strict=True))
