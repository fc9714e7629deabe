"""The history of one webhook: who changed what, and when."""

from flask import render_template, request, url_for

from webhooks_ui.models import audit_list
from webhooks_ui.models.audit_list import AuditFilter
from webhooks_ui.text.whole_number import whole_number
from webhooks_ui.views.deleted_webhooks import existing
from webhooks_ui.views.webhooks import blueprint


@blueprint.get("/webhooks/<id>/history")
def history(id: str) -> str:
    """Its changes as the audit log has them, the newest first; secrets are only told as changed."""
    webhook = existing(id)
    before = whole_number(request.args.get("before", ""))
    found = AuditFilter(about=id, topic="change").find(before=before)
    return render_template(
        "webhooks/history.html",
        webhook=webhook,
        entries=audit_list.load(found.ids),
        found=found,
        before=before or "",
        page_url=lambda row: url_for(".history", id=id, before=row or None),
    )
